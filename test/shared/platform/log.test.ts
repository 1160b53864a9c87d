import { expect, test } from 'vitest';
import { scrub } from '../../../src/shared/platform/log.ts';

test.each([
  ['Incorrect API key provided: sk-proj-abcdef123456', 'Incorrect API key provided: [redacted]'],
  ['Authorization: Bearer eyJhbGciOi.J9', 'Authorization: [redacted]'],
  ['gw_0123456789abcdef_S3cretS3cret is revoked', '[redacted] is revoked'],
  [
    'connect to postgres://user:hunter2@db:5432/x failed',
    'connect to postgres://user:[redacted]@db:5432/x failed',
  ],
  ['key AIzaSyA1234567890abcdef', 'key [redacted]'],
  ['whsec_MfKQ9r8GKYqrTwjU is wrong', '[redacted] is wrong'],
  ['an ordinary sentence about task-runners', 'an ordinary sentence about task-runners'],
])('credentials are taken out of %s', (text, expected) => {
  expect(scrub(text)).toBe(expected);
});
