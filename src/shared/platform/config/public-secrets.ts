/**
 * Every secret that ever stood in this repository, in a file that people copy or in a test. Whoever can read
 * the repository knows them, so outside development none is taken.
 */
const publicSecrets = new Set([
  'change-this-operator-key-before-use-0123456789',
  'change-this-signing-secret-before-use-0123456789',
  'Y2hhbmdlIHRoaXMga2V5IGJlZm9yZSB1c2UgMDEyMzQ=',
  'the-operator-key-of-these-tests-0123456789',
  'the-shared-secret-of-these-tests-0123456789',
  'the-operator-key-of-the-fault-matrix-0123456789',
  'the-operator-key-of-the-benchmarks-0123456789',
  'gateway_app',
  'gateway_owner',
  'password',
]);

const publicKeys = ['change this key before use 01234', 'development only', 'a key of the tests'].map(
  (text) => Buffer.alloc(32, text),
);

/**
 * Fewer different bytes than this in a secret are no accident: 32 random ones have less with a chance of 1 in
 * 10^40.
 */
const differentBytesMin = 8;

/**
 * What is wrong with a secret of at least 32 characters, or null: it is known, repeats itself, counts up, or
 * waits to be changed.
 */
export function findSecretFault(secret: string): string | null {
  if (publicSecrets.has(secret))
    return 'a secret that stands in this repository, so that anybody can know it';
  if (/change[-_ ]?(?:this|me|it)\b/i.test(secret)) return 'a text that is waiting to be changed';
  return findBytesFault(Buffer.from(secret));
}

/** The same of the 32 bytes of a key. */
export function findKeyFault(key: Buffer): string | null {
  if (publicKeys.some((known) => known.equals(key)) || publicSecrets.has(key.toString('base64'))) {
    return 'a key that stands in this repository, so that anybody can know it';
  }
  return findBytesFault(key);
}

/** The same of a password of any length. */
export function findPasswordFault(password: string): string | null {
  if (publicSecrets.has(password)) return 'one that stands in this repository, so that anybody can know it';
  return password.length > 1 && new Set(password).size === 1 ? 'one letter again and again' : null;
}

function findBytesFault(bytes: Buffer): string | null {
  if (new Set(bytes).size < differentBytesMin) return 'a few bytes again and again';
  if (isPeriodic(bytes)) return 'the same again and again';
  const step = ((bytes[1] ?? 0) - (bytes[0] ?? 0) + 256) % 256;
  const counts = bytes.every((byte, at) => at === 0 || (byte - (bytes[at - 1] ?? 0) + 256) % 256 === step);
  return counts ? 'bytes that count up or down' : null;
}

/** Whether it is one piece, at most half as long, over and over. */
function isPeriodic(bytes: Buffer): boolean {
  for (let period = 1; period * 2 <= bytes.length; period += 1) {
    if (bytes.subarray(period).equals(bytes.subarray(0, -period))) return true;
  }
  return false;
}
