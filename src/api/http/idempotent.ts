import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalid, keyConflict, Refusal } from '../../shared/domain/errors.ts';
import { seal, unseal } from '../../shared/seal.ts';
import type { Database, Transaction } from '../../shared/sql/database.ts';
import { findReply, insertIdempotencyKey, limitLockWait, recordReply } from '../../shared/sql/idempotency.ts';
import type { Turns } from './turns.ts';

/** How long a request waits for an earlier one with the same key that is still at work. */
const waitMsMax = 60_000;
/** It looks for a moment and then leaves its connection to others for longer, so that many who wait do not use up the pool. */
const lookMs = 50;
const pauseMs = 250;
/** What the work itself may wait for a lock. */
const workLockMs = 5000;

/** What a POST answers: a status, a body to be sent as JSON and, for something new, where it is. */
export type PostAnswer = { status: number; body: unknown; location?: string };

type Reply = { status: number; text: string; location: string | null; replayed: boolean };

export type IdempotentOptions = {
  /** Encrypts the remembered answer under this key (32 bytes): for answers that show a secret once. */
  sealWith?: Buffer;
  /**
   * For work that uses connections of its own and not the transaction. Without a key it then has none; with a key, whose
   * transaction has to stay open meanwhile, it takes turns. Else as many at once as the pool has connections would hold them
   * all, and each wait for one more.
   */
  apart?: Turns;
};

/** What makes two requests the same: method, path and raw body, as SHA-256 in hex. */
export function fingerprintOf(request: FastifyRequest): string {
  return hash('sha256', `${request.method} ${request.url}\n${request.bodySha256}`);
}

/** The caller's Idempotency-Key, or null when there is none; 422 when it is not 1–255 printable ASCII characters. */
export function readIdempotencyKey(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && /^[\x20-\x7e]{1,255}$/.test(key)) return key;
  throw invalid([{ param: 'Idempotency-Key', message: 'must be 1 to 255 printable ASCII characters' }]);
}

/** Whether a client says that it asks once more for what it asked a moment ago, as the official SDKs do when a connection broke. */
export function asksAgain(request: FastifyRequest): boolean {
  return Number(request.headers['x-stainless-retry-count'] ?? 0) >= 1;
}

/**
 * Does the work of a POST in one transaction and answers with its outcome. With an Idempotency-Key it is done once: the
 * same request again gets the first answer, byte for byte; another request under the key gets 409. A second request that
 * comes while the first is at work waits for it, at most a minute. Refusals (thrown) undo the work and are not remembered.
 */
export async function idempotent(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: { sql: Database },
  work: (tx: Transaction) => Promise<PostAnswer>,
  options: IdempotentOptions = {},
): Promise<FastifyReply> {
  const key = readIdempotencyKey(request);
  const { apart } = options;
  if (key === null) {
    return send(reply, toReply(await (apart === undefined ? deps.sql.begin(work) : work(deps.sql))));
  }
  const row = { accountId: request.caller.accountId ?? '', key, fingerprint: fingerprintOf(request) };
  const once = () => deps.sql.begin((tx) => workOnce(tx, row, work, options));
  return send(reply, await whenKeyIsFree(() => (apart === undefined ? once() : apart(once))));
}

async function whenKeyIsFree(workWithKey: () => Promise<Reply>): Promise<Reply> {
  const until = Date.now() + waitMsMax;
  for (;;) {
    try {
      return await workWithKey();
    } catch (error) {
      if (!(error instanceof KeyInUse)) throw error;
      if (Date.now() > until) throw stillAtWork(error);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** An earlier request holds the key at this moment. */
class KeyInUse extends Error {}

async function workOnce(
  tx: Transaction,
  row: { accountId: string; key: string; fingerprint: string },
  work: (tx: Transaction) => Promise<PostAnswer>,
  options: IdempotentOptions,
): Promise<Reply> {
  await limitLockWait(tx, lookMs);
  const isFirst = await insertIdempotencyKey(tx, row).catch(toKeyInUse);
  if (!isFirst) return await replay(tx, row, options);
  await limitLockWait(tx, workLockMs);
  const reply = toReply(await work(tx));
  await recordReply(tx, { ...row, ...reply, reply: toStored(reply.text, row, options) });
  return reply;
}

async function replay(
  tx: Transaction,
  row: { accountId: string; key: string; fingerprint: string },
  options: IdempotentOptions,
): Promise<Reply> {
  const first = await findReply(tx, row);
  if (first === null) throw new Refusal('unavailable', 'The remembered answer has just expired; try again');
  if (first.fingerprint !== row.fingerprint) throw keyConflict();
  const text =
    options.sealWith === undefined
      ? first.reply
      : unseal(options.sealWith, Buffer.from(first.reply, 'base64'), placeOf(row));
  return { status: first.status, text, location: first.location, replayed: true };
}

function toStored(text: string, row: { accountId: string; key: string }, options: IdempotentOptions): string {
  if (options.sealWith === undefined) return text;
  return seal(options.sealWith, text, placeOf(row)).toString('base64');
}

function placeOf(row: { accountId: string; key: string }): string {
  return `idempotency_keys ${row.accountId} ${row.key}`;
}

function toKeyInUse(error: unknown): never {
  throw (error as { code?: unknown }).code === '55P03' ? new KeyInUse() : error;
}

function stillAtWork(error: unknown): Refusal {
  return new Refusal(
    'idempotency_conflict',
    'The first request with this Idempotency-Key is still at work; ask again later',
    { retryAfterMs: 5000 },
    error,
  );
}

function toReply(outcome: PostAnswer): Reply {
  const text = JSON.stringify(outcome.body);
  return { status: outcome.status, text, location: outcome.location ?? null, replayed: false };
}

function send(reply: FastifyReply, answer: Reply): FastifyReply {
  if (answer.location !== null) reply.header('location', answer.location);
  if (answer.replayed) reply.header('idempotent-replayed', 'true');
  return reply.status(answer.status).type('application/json; charset=utf-8').send(answer.text);
}
