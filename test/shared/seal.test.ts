import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { seal, unseal } from '../../src/shared/seal.ts';

const key = randomBytes(32);

test('opens what it sealed, and seals the same text differently every time', () => {
  const sealed = seal(key, 'gw_1_secret 😀', 'here');
  expect(unseal(key, sealed, 'here')).toBe('gw_1_secret 😀');
  expect(seal(key, 'gw_1_secret 😀', 'here').equals(sealed)).toBe(false);
  expect(sealed.toString('latin1')).not.toContain('secret');
});

test('does not open with another key, elsewhere, or when a byte has changed', () => {
  const sealed = seal(key, 'secret', 'here');
  expect(() => unseal(randomBytes(32), sealed, 'here')).toThrow();
  expect(() => unseal(key, sealed, 'there')).toThrow();
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => unseal(key, changed, 'here')).toThrow();
  }
  expect(() => unseal(key, sealed.subarray(0, 20), 'here')).toThrow();
});
