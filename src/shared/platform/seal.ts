import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const nonceBytes = 12;
const tagBytes = 16;
/**
 * What is sealed begins with this and the id of its key; what was sealed before keys had ids begins with its
 * nonce.
 */
const formatByte = 1;
const headBytes = 2;

/** One key: its 32 bytes, and the byte that marks what it sealed. */
type SealingKey = { id: number; bytes: Buffer };

/** The keys of an installation: the one that seals, and those that still open. */
export type SecretsKey = { current: SealingKey; previous: SealingKey[] };

/**
 * A text that does not open: it was sealed with a key that is not here, or for another place, or is broken.
 */
export class SealedOtherwise extends Error {
  constructor() {
    super('a stored secret does not open: it was sealed with another SECRETS_KEY (or is damaged)');
  }
}

/** Keys from their bytes (32 each). `previous` open what an older `SECRETS_KEY` sealed. */
export function toSecretsKey(current: Buffer, previous: Buffer[] = []): SecretsKey {
  return { current: toKey(current), previous: previous.map(toKey) };
}

/**
 * Encrypts a text at rest (AES-256-GCM, random nonce). `place` names where it is kept; elsewhere it does not
 * open.
 */
export function seal({ current }: SecretsKey, text: string, location: string): Buffer {
  const head = Buffer.from([formatByte, current.id]);
  const nonce = randomBytes(nonceBytes);
  const aad = Buffer.concat([head, Buffer.from(location)]);
  const cipher = createCipheriv('aes-256-gcm', current.bytes, nonce).setAAD(aad);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([head, nonce, cipher.getAuthTag(), body]);
}

/**
 * The text that was sealed for this place; throws SealedOtherwise when no key opens it, or the place or a
 * byte is another.
 */
export function unseal({ current, previous }: SecretsKey, sealed: Buffer, location: string): string {
  for (const key of [current, ...previous]) {
    const text = open(key, sealed, location);
    if (text !== null) return text;
  }
  throw new SealedOtherwise();
}

/** Whether this was sealed with the current key; when not, it should be sealed anew. */
export function isSealedWithCurrent({ current }: SecretsKey, sealed: Buffer, location: string): boolean {
  return sealed[0] === formatByte && openWithHead(current, sealed, location) !== null;
}

function toKey(bytes: Buffer): SealingKey {
  return { id: createHash('sha256').update('secrets key').update(bytes).digest()[0] ?? 0, bytes };
}

function open(key: SealingKey, sealed: Buffer, location: string): string | null {
  return openWithHead(key, sealed, location) ?? decrypt(key, sealed, Buffer.from(location));
}

function openWithHead(key: SealingKey, sealed: Buffer, location: string): string | null {
  if (sealed[0] !== formatByte || sealed[1] !== key.id) return null;
  const head = sealed.subarray(0, headBytes);
  return decrypt(key, sealed.subarray(headBytes), Buffer.concat([head, Buffer.from(location)]));
}

function decrypt(key: SealingKey, sealed: Buffer, aad: Buffer): string | null {
  if (sealed.length < nonceBytes + tagBytes) return null;
  const nonce = sealed.subarray(0, nonceBytes);
  const tag = sealed.subarray(nonceBytes, nonceBytes + tagBytes);
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: tagBytes });
  decipher.setAAD(aad).setAuthTag(tag);
  try {
    const body = sealed.subarray(nonceBytes + tagBytes);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}
