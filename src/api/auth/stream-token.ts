import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { SecretsKey } from '../../shared/platform/seal.ts';

/** How long a token opens its stream; a stream that is open stays open. */
const tokenMs = 5 * 60 * 1000;

export type StreamTokens = {
  /** A token that lets whoever has it watch this one job. */
  issue(job: TokenClaims): { token: string; expiresAt: Date };
  /** Who a token was issued to and when it ends, or null when it is not ours, not for this job or expired. */
  check(token: string, jobId: string): TokenGrant | null;
};

/**
 * `keyId` is the key that asks for the token, `until` when that or another credential ends: the token ends no
 * later.
 */
type TokenClaims = { jobId: string; accountId: string; keyId: string | null; until: Date | null };
type TokenGrant = { accountId: string; keyId: string | null; until: Date | null };

type Claims = [jobId: string, accountId: string, expiresAt: number, keyId: string | null, end: number | null];

/**
 * Tokens for `EventSource`, which cannot send headers: signed, not stored, for one job of one account. They
 * end up in URLs and so in other people's logs, hence so small and so short.
 */
export function createStreamTokens(secretsKey: SecretsKey, now: () => number = Date.now): StreamTokens {
  const toSigner = ({ bytes }: { bytes: Buffer }) => {
    const key = Buffer.from(hkdfSync('sha256', bytes, '', 'stream tokens', 32));
    return (claims: string) => createHmac('sha256', key).update(claims).digest();
  };
  const sign = toSigner(secretsKey.current);
  // A token that was made before the key was changed serves out its minutes.
  const signers = [sign, ...secretsKey.previous.map(toSigner)];
  const isOurs = (claims: string, given: Buffer) =>
    signers.some((one) => {
      const right = one(claims);
      return given.length === right.length && timingSafeEqual(given, right);
    });

  return {
    issue: ({ jobId, accountId, keyId, until }) => {
      const end = until?.getTime() ?? null;
      const expiresAt = Math.min(now() + tokenMs, end ?? Number.POSITIVE_INFINITY);
      const payload: Claims = [jobId, accountId, expiresAt, keyId, end];
      const claims = Buffer.from(JSON.stringify(payload)).toString('base64url');
      return { token: `${claims}.${sign(claims).toString('base64url')}`, expiresAt: new Date(expiresAt) };
    },
    check: (token, jobId) => {
      const [claims = '', signature = '', ...more] = token.split('.');
      if (more.length > 0) return null;
      const given = Buffer.from(signature, 'base64url');
      if (!isOurs(claims, given)) return null;
      // Only what says the same byte for byte: base64url takes letters that it does not need.
      if (given.toString('base64url') !== signature) return null;
      const [forJob, accountId, expiresAt, keyId, end] = JSON.parse(
        Buffer.from(claims, 'base64url').toString('utf8'),
      ) as Claims;
      if (forJob !== jobId || expiresAt <= now()) return null;
      return { accountId, keyId, until: end === null ? null : new Date(end) };
    },
  };
}
