import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { findApiKeys } from '../../shared/accounts/sql/api-keys.ts';
import { createGroupCommit } from '../../shared/platform/group-commit/group-commit.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { groupFaultOf } from '../../shared/platform/postgres/database-errors.ts';
import { RecentMap } from '../../shared/platform/recent-map.ts';
import type { Caller } from '../http/caller.ts';

/** A revoked key goes on working for at most this long in a process that did not revoke it. */
const keyMaxAgeMs = 4000;
const keysMax = 50_000;
/** What was shown and is no key stays none: a secret is made with its id, before anybody can show it. */
const badMaxAgeMs = 4000;
const badMax = 20_000;

export type ApiKeys = {
  /** Who shows this token, if it was found good a moment ago; asks nobody. */
  peek(token: string): Caller | null;
  /**
   * Who shows this token, or null when it is no key of ours, revoked or expired. `suspect` says that it comes
   * from where many bad ones came from: it is looked up all the same, in a line of its own, so that a flood
   * keeps no others waiting.
   */
  check(token: string, suspect?: boolean): Promise<Caller | null>;
  /** Whether a key is there, not revoked and not expired. */
  isAlive(keyId: string): Promise<boolean>;
  /** Ends a key in this process at once. */
  drop(keyId: string): void;
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

const tokenSchema = /^gw_([A-Za-z0-9]{1,64})_([A-Za-z0-9_-]{16,128})$/;
const noHash = Buffer.alloc(32);

/**
 * Checks API keys. Tokens are remembered by the hash of all of them, for seconds: a wrong secret and an
 * unknown id take the same query and the same comparison. Each of the two lines of look-ups has one statement
 * under way at a time, whatever is waiting, so that a flood of bad keys has at most one connection of the
 * pool.
 */
export function createApiKeys(sql: Database, now: () => number = Date.now): ApiKeys {
  const good = new RecentMap<string, { caller: Caller; until: number }>(keysMax);
  const bad = new RecentMap<string, number>(badMax);
  const openLine = () =>
    createGroupCommit({
      commit: (ids: string[]) => findApiKeys(sql, ids),
      bytesOf: (id) => id.length,
      faultOf: groupFaultOf,
    });
  const read = openLine();
  const readSuspect = openLine();

  async function lookUp(id: string, secret: string, suspect: boolean): Promise<Caller | null> {
    const key = await (suspect ? readSuspect(id) : read(id));
    const right = timingSafeEqual(sha256(secret), key?.secretSha256 ?? noHash);
    if (key === null || !right || !isBefore(now(), key.expiresAt)) return null;
    return { accountId: key.accountId, scopes: new Set(key.scopes), keyId: key.id, until: key.expiresAt };
  }

  return {
    peek(token) {
      const entry = good.get(digestOf(token));
      return entry !== undefined && entry.until > now() ? entry.caller : null;
    },
    async check(token, suspect = false) {
      const [, id, secret] = tokenSchema.exec(token) ?? [];
      if (id === undefined || secret === undefined) return null;
      const digest = digestOf(token);
      const askedAt = now();
      if ((bad.get(digest) ?? 0) > askedAt) return null;
      const caller = await lookUp(id, secret, suspect);
      if (caller === null) bad.set(digest, askedAt + badMaxAgeMs);
      // Counted from before the query: what was read may be that old.
      else
        good.set(digest, {
          caller,
          until: Math.min(askedAt + keyMaxAgeMs, caller.until?.getTime() ?? Infinity),
        });
      return caller;
    },
    async isAlive(keyId) {
      const key = await read(keyId);
      return key !== null && isBefore(now(), key.expiresAt);
    },
    drop(keyId) {
      for (const [digest, entry] of good) if (entry.caller.keyId === keyId) good.delete(digest);
    },
  };
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}

function isBefore(now: number, end: Date | null): boolean {
  return end === null || now < end.getTime();
}
