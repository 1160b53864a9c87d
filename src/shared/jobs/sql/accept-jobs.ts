import type { Limits } from '../../platform/config/quotas.ts';
import { asJson, type Database } from '../../platform/postgres/database.ts';
import { type NewJob, newFields } from '../rules/job-row.ts';
import { rowWriter } from './job-columns.ts';

/** A job to be accepted, complete. Texts are JSON. */
export type JobIntake = NewJob & {
  idempotencyKey: string | null;
  fingerprint: string | null;
  /** The answer to remember for the idempotency key. */
  reply: string;
  request: string;
  targets: string;
  original: string | null;
  /** Of a call whose client waits: what it is known by when its client asks again. */
  call: string | null;
  /** Who would run it where it is accepted; null when it waits in line in any case. */
  express: ExpressClaim | null;
};

/**
 * A process that would run a job at once, and how many calls its provider can have under way everywhere: with
 * as many in line, the job waits behind them.
 */
export type ExpressClaim = { workerId: string; leaseMs: number; capacity: number };

/** What became of one intake; see migrations/functions/accept_jobs.sql for what each word promises. */
export type IntakeVerdict =
  /** `isClaimed`: by whoever asked for it in `express`; it runs, and its first attempt is written. */
  | { kind: 'accepted'; isClaimed: boolean }
  | { kind: 'insufficient'; availableNano: bigint }
  | { kind: 'replayed'; status: number; reply: string; location: string | null }
  | { kind: 'conflict' }
  | { kind: 'in_progress' }
  | { kind: 'deep'; limit: number }
  | { kind: 'keyed'; limit: number }
  | { kind: 'unknown' };

type Row = {
  verdict: IntakeVerdict['kind'];
  available_nano: bigint | null;
  quota: number | null;
  status: number | null;
  reply: string | null;
  location: string | null;
  claimed: boolean;
};

const toRow = rowWriter(newFields);

/**
 * Stores and reserves many jobs in one statement, in their order; one verdict each. `limits` are those of
 * accounts that have none of their own. All that ask to be claimed are claimed by one worker. Fails with
 * 55P03 when the balance of an account is locked for longer than `lockWaitMs`.
 */
export async function acceptJobs(
  sql: Database,
  intakes: JobIntake[],
  limits: Pick<Limits, 'unfinished_jobs' | 'idempotency_keys'>,
  lockWaitMs: number,
): Promise<IntakeVerdict[]> {
  const claim = intakes.find(({ express }) => express !== null)?.express ?? null;
  const rows = await sql<Row[]>`
    select verdict, available_nano, quota, status, reply, location, claimed
    from accept_jobs(
      ${asJson(intakes.map(toRow))},
      ${intakes.map((intake) => intake.request)}::text[],
      ${intakes.map((intake) => intake.targets)}::text[],
      ${intakes.map((intake) => intake.original)}::text[],
      ${intakes.map((intake) => intake.idempotencyKey)}::text[],
      ${intakes.map((intake) => intake.fingerprint)}::text[],
      ${intakes.map((intake) => (intake.idempotencyKey === null ? null : intake.reply))}::text[],
      ${intakes.map((intake) => intake.call)}::text[],
      ${intakes.map((intake) => intake.express?.capacity ?? null)}::integer[],
      ${claim?.workerId ?? null}::text,
      ${claim?.leaseMs ?? null}::integer,
      ${asJson(limits)}::json,
      ${lockWaitMs}::integer
    )`;
  return rows.map(toVerdict);
}

function toVerdict(row: Row): IntakeVerdict {
  if (row.verdict === 'insufficient')
    return { kind: 'insufficient', availableNano: row.available_nano ?? 0n };
  if (row.verdict === 'replayed') {
    return { kind: 'replayed', status: row.status ?? 202, reply: row.reply ?? '', location: row.location };
  }
  if (row.verdict === 'deep' || row.verdict === 'keyed') return { kind: row.verdict, limit: row.quota ?? 0 };
  if (row.verdict === 'accepted') return { kind: 'accepted', isClaimed: row.claimed };
  return { kind: row.verdict };
}
