/**
 * Numbers of at most so many digits, without an exponent, survive JSON.parse and JSON.stringify (IEEE 754
 * binary64 keeps 15).
 */
const digitsAlwaysKept = 15;

/** What a number is worth, whatever its notation: `1.50e3` and `1500` are the same. */
function worthOf(token: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}

/**
 * Whether a JSON number is still worth the same once JSON.parse has read it and JSON.stringify has written
 * it.
 */
export function isKept(token: string): boolean {
  if (token.length <= digitsAlwaysKept && !/[eE]/.test(token)) return true;
  const read = Number(token);
  return Number.isFinite(read) && worthOf(String(read)) === worthOf(token);
}
