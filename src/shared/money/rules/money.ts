/**
 * Money is a whole number of nano-USD (10⁻⁹ USD) in a bigint: every price in the catalogue is exact in it,
 * and adding charges never drifts. Outside the process it is a decimal string with nine places.
 */
export type NanoUsd = bigint;

const nanoPerUsd = 1_000_000_000n;

/** `4200000n` → `"0.004200000"`: nine places, always, with a leading minus when negative. */
export function formatUsd(amountNanoUsd: NanoUsd): string {
  const sign = amountNanoUsd < 0n ? '-' : '';
  const size = amountNanoUsd < 0n ? -amountNanoUsd : amountNanoUsd;
  return `${sign}${size / nanoPerUsd}.${(size % nanoPerUsd).toString().padStart(9, '0')}`;
}

/** `"12.5"` → `12500000000n`. Null when the text is not a decimal number with at most nine places. */
export function parseUsd(text: string): NanoUsd | null {
  const match = /^(-?)(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = '0', fraction = ''] = match;
  const size = BigInt(whole) * nanoPerUsd + BigInt(fraction.padEnd(9, '0'));
  return sign === '-' ? -size : size;
}
