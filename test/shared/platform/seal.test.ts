import { createCipheriv, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  isSealedWithCurrent,
  SealedOtherwise,
  seal,
  toSecretsKey,
  unseal,
} from '../../../src/shared/platform/seal.ts';

const [bytes, olderBytes] = [randomBytes(32), randomBytes(32)];
const key = toSecretsKey(bytes);

test('opens what it sealed, and seals the same text differently every time', () => {
  const sealed = seal(key, 'gw_1_secret 😀', 'here');
  expect(unseal(key, sealed, 'here')).toBe('gw_1_secret 😀');
  expect(seal(key, 'gw_1_secret 😀', 'here').equals(sealed)).toBe(false);
  expect(sealed.toString('latin1')).not.toContain('secret');
});

test('does not open with another key, elsewhere, or when a byte has changed', () => {
  const sealed = seal(key, 'secret', 'here');
  expect(() => unseal(toSecretsKey(randomBytes(32)), sealed, 'here')).toThrow(SealedOtherwise);
  expect(() => unseal(key, sealed, 'there')).toThrow(SealedOtherwise);
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => unseal(key, changed, 'here')).toThrow(SealedOtherwise);
  }
  for (const length of [0, 1, 2, 20, 30]) {
    expect(() => unseal(key, sealed.subarray(0, length), 'here')).toThrow(SealedOtherwise);
  }
});

test('after a change of the key the older one still opens what it sealed, and nothing new is sealed with it', () => {
  const sealed = seal(toSecretsKey(olderBytes), 'secret', 'here');
  const both = toSecretsKey(bytes, [randomBytes(32), olderBytes]);
  expect(unseal(both, sealed, 'here')).toBe('secret');
  expect(isSealedWithCurrent(both, sealed, 'here')).toBe(false);
  const anew = seal(both, 'secret', 'here');
  expect(isSealedWithCurrent(both, anew, 'here')).toBe(true);
  expect(unseal(key, anew, 'here')).toBe('secret');
});

test('what was sealed before keys had ids still opens', () => {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', bytes, nonce).setAAD(Buffer.from('here'));
  const body = Buffer.concat([cipher.update('secret', 'utf8'), cipher.final()]);
  const sealed = Buffer.concat([nonce, cipher.getAuthTag(), body]);
  expect(unseal(key, sealed, 'here')).toBe('secret');
  expect(unseal(toSecretsKey(olderBytes, [bytes]), sealed, 'here')).toBe('secret');
  expect(isSealedWithCurrent(key, sealed, 'here')).toBe(false);
});
