import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** How long a token opens its stream; a stream that is open stays open. */
const tokenMs = 5 * 60 * 1000;

export type StreamTokens = {
  /** A token that lets whoever has it watch this one job. */
  issue(job: { jobId: string; accountId: string }): { token: string; expiresAt: Date };
  /** The account a token was issued for, or null when it is not ours, not for this job or expired. */
  check(token: string, jobId: string): string | null;
};

/**
 * Tokens for `EventSource`, which cannot send headers: signed, not stored, for one job of one account. They end up in URLs
 * and so in other people's logs, hence so small and so short.
 */
export function createStreamTokens(secretsKey: Buffer, now: () => number = Date.now): StreamTokens {
  const key = Buffer.from(hkdfSync('sha256', secretsKey, '', 'stream tokens', 32));
  const sign = (claims: string) => createHmac('sha256', key).update(claims).digest();

  return {
    issue: ({ jobId, accountId }) => {
      const expiresAt = now() + tokenMs;
      const claims = Buffer.from(JSON.stringify([jobId, accountId, expiresAt])).toString('base64url');
      return { token: `${claims}.${sign(claims).toString('base64url')}`, expiresAt: new Date(expiresAt) };
    },
    check: (token, jobId) => {
      const [claims = '', signature = ''] = token.split('.', 2);
      const given = Buffer.from(signature, 'base64url');
      const right = sign(claims);
      if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
      const [forJob, accountId, expiresAt] = JSON.parse(
        Buffer.from(claims, 'base64url').toString('utf8'),
      ) as [string, string, number];
      return forJob === jobId && expiresAt > now() ? accountId : null;
    },
  };
}
