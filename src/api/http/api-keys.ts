import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createGroupCommit } from '../../shared/group-commit.ts';
import { findApiKeys } from '../../shared/sql/api-keys.ts';
import type { Database } from '../../shared/sql/database.ts';
import { groupFaultOf } from '../../shared/sql/database-errors.ts';
import type { Caller } from './caller.ts';

/** A revoked key goes on working for at most this long in a process that did not revoke it. */
const keyMaxAgeMs = 4000;
const keysMax = 50_000;

export type ApiKeys = {
  /** Who shows this token, if it was found good a moment ago; asks nobody. */
  recall(token: string): Caller | null;
  /** Who shows this token, or null when it is no key of ours, revoked or expired. */
  check(token: string): Promise<Caller | null>;
  /** Ends a key in this process at once. */
  forget(keyId: string): void;
};

/** A new key: the token to show once, and what is stored of it. */
export function createApiKey(): { id: string; token: string; secretSha256: Buffer } {
  const id = randomBytes(10).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  return { id, token: `gw_${id}_${secret}`, secretSha256: sha256(secret) };
}

/** SHA-256 of a text: secrets of 256 random bits need no slow hash. */
export function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

const tokenShape = /^gw_([A-Za-z0-9]{1,64})_([A-Za-z0-9_-]{16,128})$/;
const noHash = Buffer.alloc(32);

/**
 * Checks API keys. Only a token that was right is remembered, and by the hash of all of it: a wrong secret and an unknown
 * id take the same query and the same comparison, every time.
 */
export function createApiKeys(sql: Database, now: () => number = Date.now): ApiKeys {
  const kept = new Map<string, { caller: Caller; until: number }>();
  const read = createGroupCommit({
    commit: (ids: string[]) => findApiKeys(sql, ids),
    bytesOf: (id) => id.length,
    faultOf: groupFaultOf,
  });

  function recall(token: string): Caller | null {
    const entry = kept.get(hash('sha256', token, 'base64'));
    return entry !== undefined && entry.until > now() ? entry.caller : null;
  }

  async function check(token: string): Promise<Caller | null> {
    const [, id, secret] = tokenShape.exec(token) ?? [];
    if (id === undefined || secret === undefined) return null;
    const askedAt = now();
    const key = await read(id);
    const right = timingSafeEqual(sha256(secret), key?.secretSha256 ?? noHash);
    const expiresAt = key?.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    if (key === null || !right || expiresAt <= now()) return null;
    const caller: Caller = { accountId: key.accountId, scopes: new Set(key.scopes), keyId: key.id };
    if (kept.size >= keysMax) kept.clear();
    // Counted from before the query: what was read may be that old.
    const until = Math.min(askedAt + keyMaxAgeMs, expiresAt);
    kept.set(hash('sha256', token, 'base64'), { caller, until });
    return caller;
  }

  return {
    recall,
    check,
    forget(keyId) {
      for (const [digest, entry] of kept) if (entry.caller.keyId === keyId) kept.delete(digest);
    },
  };
}
