import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  claimKey,
  dropClaim,
  isKeyHeld,
  type KeyClaim,
  type KeyStanding,
  type RememberedReply,
  storeReply,
} from '../../shared/accounts/sql/idempotency.ts';
import { keyConflict, keyInUse } from '../../shared/errors.ts';
import { overQuota } from '../../shared/platform/config/quotas.ts';
import { writeJson } from '../../shared/platform/json/verbatim.ts';
import type { Database, Sql, Transaction } from '../../shared/platform/postgres/database.ts';
import { type SecretsKey, seal, unseal } from '../../shared/platform/seal.ts';
import { fingerprintOf, readIdempotencyKey } from './idempotency-key.ts';
import { claimSeconds, keepClaim } from './keep-claim.ts';

/** How long a request waits for an earlier one with the same key that is still at work. */
const waitMsMax = 60_000;
/** It looks again after a moment, and then less and less often. */
const pollMs = { first: 50, most: 1000 };

/** What a POST answers: a status, a body to be sent as JSON and, for something new, where it is. */
export type PostReply = { status: number; body: unknown; location?: string };

type Reply = { status: number; text: string; location: string | null; replayed: boolean };

export type IdempotentOptions = {
  /** Encrypts the remembered answer under this key: for answers that show a secret once. */
  sealWith?: SecretsKey;
  /**
   * For work that leaves the database, or takes long: it is done outside of any transaction, with connections
   * of its own. When the process dies in the middle of it, the next request with the key does it again.
   */
  outside?: boolean;
  /**
   * Done before the transaction begins, under the same claim: for what takes long or is large, and that
   * nobody sees until the transaction shows it.
   */
  first?: () => Promise<void>;
};

type Work = (tx: Transaction) => Promise<PostReply>;
/** Work that is done outside of any transaction. */
type OutsideWork = (sql: Database) => Promise<PostReply>;
type AskedKey = { accountId: string; key: string; fingerprint: string };

/**
 * Does the work of a POST in one transaction and answers with its outcome. With an Idempotency-Key it is done
 * once: the same request again gets the first answer, byte for byte; another request under the key gets 409
 * at once. A second request that comes while the first is at work waits for it, at most a minute. Refusals
 * (thrown) undo the work and are not remembered.
 *
 * In three phases, each committed by itself, so that nobody ever waits for the transaction of another: the
 * key is claimed; the work is done, and its answer stored in the same transaction; a refusal gives the key
 * back. A claim ends when its process is gone.
 */
export function idempotent(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: { sql: Database },
  work: OutsideWork,
  options: IdempotentOptions & { outside: true },
): Promise<FastifyReply>;
export function idempotent(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: { sql: Database },
  work: Work,
  options?: IdempotentOptions & { outside?: never },
): Promise<FastifyReply>;
export async function idempotent(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: { sql: Database },
  work: Work | OutsideWork,
  options: IdempotentOptions = {},
): Promise<FastifyReply> {
  const key = readIdempotencyKey(request);
  if (key === null) return send(reply, toReply(await workAtOnce(deps.sql, work, options)));
  const accountId = request.caller.accountId ?? '';
  const asked = { accountId, key, fingerprint: fingerprintOf(request) };
  const keysMax = request.account?.limits.idempotency_keys ?? null;
  return send(reply, await answerOnce(deps.sql, { ...asked, keysMax, gone: request.signal }, work, options));
}

async function workAtOnce(
  sql: Database,
  work: Work | OutsideWork,
  options: IdempotentOptions,
): Promise<PostReply> {
  await options.first?.();
  return options.outside === true ? await (work as OutsideWork)(sql) : await sql.begin(work as Work);
}

async function answerOnce(
  sql: Database,
  asked: AskedKey & { keysMax: number | null; gone: AbortSignal },
  work: Work | OutsideWork,
  options: IdempotentOptions,
): Promise<Reply> {
  const pause = createPauses(asked.gone);
  // Whoever lost a claim and has one again finds there what he did under the first.
  let begun: Promise<void> | undefined;
  const first = async () => {
    begun ??= options.first?.();
    await begun;
  };
  for (;;) {
    const claim = { accountId: asked.accountId, key: asked.key, token: randomUUID() };
    const standing = await claimOrWait(sql, { ...claim, fingerprint: asked.fingerprint }, asked.keysMax);
    if (standing.kind === 'claimed') {
      const done = await workUnder(sql, claim, work, { ...options, first });
      if (done !== null) return done;
    } else if (standing.kind !== 'started') return replay(standing, claim, options);
    do await pause();
    while (await isKeyHeld(sql, asked));
  }
}

async function claimOrWait(
  sql: Database,
  claim: KeyClaim & { fingerprint: string },
  keysMax: number | null,
): Promise<KeyStanding> {
  try {
    return await claimKey(sql, claim, { seconds: claimSeconds, keysMax });
  } catch (error) {
    if ((error as { code?: unknown }).code !== '55P03') throw error;
    return { kind: 'started' };
  }
}

/**
 * Waits a moment, and longer each time, without a connection. 409 when it took too long altogether, or nobody
 * waits any more.
 */
function createPauses(gone: AbortSignal): () => Promise<void> {
  const until = Date.now() + waitMsMax;
  let waitMs = pollMs.first;
  return async () => {
    if (Date.now() > until || gone.aborted) throw keyInUse();
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(waitMs * 2, pollMs.most);
  };
}

/**
 * The work and its answer; null when somebody took the claim over meanwhile, whose answer is then
 * everybody's.
 */
async function workUnder(
  sql: Database,
  claim: KeyClaim,
  work: Work | OutsideWork,
  options: IdempotentOptions,
): Promise<Reply | null> {
  const kept = keepClaim(sql, claim);
  try {
    await options.first?.();
    if (options.outside !== true)
      return await sql.begin((tx) => workAndStore(tx, claim, (work as Work)(tx), options));
    return await workAndStore(sql, claim, (work as OutsideWork)(sql), options);
  } catch (error) {
    if (error instanceof ClaimLost) return null;
    // Where this fails too, the claim ends by itself.
    await dropClaim(sql, claim).catch(() => undefined);
    throw error;
  } finally {
    kept.stop();
  }
}

/** Somebody else has the claim: what was done under it is undone, where that can be. */
class ClaimLost extends Error {}

async function workAndStore(
  sql: Sql,
  claim: KeyClaim,
  working: Promise<PostReply>,
  options: IdempotentOptions,
): Promise<Reply> {
  const reply = toReply(await working);
  const { status, location } = reply;
  const stored = await storeReply(sql, claim, {
    status,
    location,
    reply: toStored(reply.text, claim, options),
  });
  if (!stored) throw new ClaimLost();
  return reply;
}

function replay(
  standing: Exclude<KeyStanding, { kind: 'claimed' | 'started' }>,
  owner: { accountId: string; key: string },
  { sealWith }: IdempotentOptions,
): Reply {
  if (standing.kind === 'conflict') throw keyConflict();
  if (standing.kind === 'full') throw overQuota('idempotency_keys', standing.limit);
  return {
    status: standing.status,
    text: toText(standing, owner, sealWith),
    location: standing.location,
    replayed: true,
  };
}

function toText(
  { reply }: RememberedReply,
  owner: { accountId: string; key: string },
  sealWith: SecretsKey | undefined,
): string {
  if (sealWith === undefined) return reply;
  return unseal(sealWith, Buffer.from(reply, 'base64'), contextOf(owner));
}

function toStored(
  text: string,
  owner: { accountId: string; key: string },
  options: IdempotentOptions,
): string {
  if (options.sealWith === undefined) return text;
  return seal(options.sealWith, text, contextOf(owner)).toString('base64');
}

function contextOf(row: { accountId: string; key: string }): string {
  return `idempotency_keys ${row.accountId} ${row.key}`;
}

function toReply(outcome: PostReply): Reply {
  const text = writeJson(outcome.body);
  return { status: outcome.status, text, location: outcome.location ?? null, replayed: false };
}

function send(reply: FastifyReply, answer: Reply): FastifyReply {
  if (answer.location !== null) reply.header('location', answer.location);
  if (answer.replayed) reply.header('idempotent-replayed', 'true');
  return reply.status(answer.status).type('application/json; charset=utf-8').send(answer.text);
}
