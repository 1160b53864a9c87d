import { attemptId } from '../../src/shared/ids.ts';
import type { Database, Transaction } from '../../src/shared/platform/postgres/database.ts';
import { canaryPattern } from './client.ts';

export type StoredJob = {
  id: string;
  account_id: string;
  batch_id: string | null;
  state: string;
  is_final: boolean;
  attempts: number;
  tries: number;
  max_attempts: number;
  hold_id: string;
  hold_nano: bigint;
  /** The words by which its submission is known, or null when it is nobody's we know. */
  canary: string | null;
};
export type StoredAttempt = { job_id: string; number: number; outcome: string; error: string | null };
export type StoredCharge = {
  job_id: string;
  hold_nano: bigint;
  amount_nano: bigint;
  estimated: boolean;
  prompt_tokens: bigint | null;
  completion_tokens: bigint | null;
};
export type StoredEntry = {
  id: bigint;
  account_id: string;
  type: string;
  amount_nano: bigint;
  available_nano: bigint;
  held_nano: bigint;
  job_id: string | null;
};
export type StoredHold = {
  id: string;
  account_id: string;
  batch_id: string | null;
  amount_nano: bigint;
  remaining_nano: bigint;
  is_closed: boolean;
};
export type StoredBalance = { account_id: string; available_nano: bigint; held_nano: bigint };
export type StoredDelivery = {
  id: string;
  account_id: string;
  job_id: string;
  event_id: string;
  event_type: string;
  body: string;
  state: string;
};

/** The gateway's books, whole, as they were at one moment. */
export type StoredFacts = {
  jobs: ReadonlyMap<string, StoredJob>;
  /** By the id a provider sees. */
  attempts: ReadonlyMap<string, StoredAttempt>;
  charges: ReadonlyMap<string, StoredCharge>;
  /** From the first to the last. */
  entries: StoredEntry[];
  holds: ReadonlyMap<string, StoredHold>;
  balances: StoredBalance[];
  /** By the job they are about. */
  deliveries: ReadonlyMap<string, StoredDelivery[]>;
};

/** Reads everything on one snapshot, which blocks nobody, into memory: some 5 KB a job. */
export async function readStoredFacts(sql: Database): Promise<StoredFacts> {
  return await sql.begin(async (tx) => {
    const attempts = await tx<StoredAttempt[]>`select job_id, number, outcome, error from attempts`;
    return {
      jobs: byId(await readJobs(tx)),
      attempts: new Map(attempts.map((one) => [attemptId(one.job_id, one.number), one])),
      charges: new Map((await readCharges(tx)).map((one) => [one.job_id, one])),
      entries: await tx<StoredEntry[]>`
        select id, account_id, type, amount_nano, available_nano, held_nano, job_id from entries order by id`,
      holds: byId(
        await tx<StoredHold[]>`
          select id, account_id, batch_id, amount_nano, remaining_nano, closed_at is not null as is_closed
            from holds`,
      ),
      balances: await tx<StoredBalance[]>`select account_id, available_nano, held_nano from balances`,
      deliveries: groupByJob(
        await tx<StoredDelivery[]>`
          select id, account_id, job_id, event_id, event_type, body, state from deliveries
            where job_id is not null`,
      ),
    };
  }, 'isolation level repeatable read read only');
}

async function readJobs(tx: Transaction): Promise<StoredJob[]> {
  return await tx<StoredJob[]>`
    select j.id, j.account_id, j.batch_id, j.state,
      j.state in ('succeeded', 'failed', 'cancelled', 'expired') as is_final,
      j.attempts, j.tries, j.max_attempts, j.hold_id, j.hold_nano,
      substring(q.request from ${canaryPattern}::text) as canary
    from jobs j left join job_requests q on q.job_id = j.id`;
}

async function readCharges(tx: Transaction): Promise<StoredCharge[]> {
  return await tx<StoredCharge[]>`
    select job_id, hold_nano, amount_nano, estimated, prompt_tokens, completion_tokens from charges`;
}

function byId<Row extends { id: string }>(rows: Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}

/** Rows by the job they belong to, in their order. */
export function groupByJob<Row extends { job_id: string | null }>(rows: Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.job_id === null) continue;
    const group = groups.get(row.job_id);
    if (group === undefined) groups.set(row.job_id, [row]);
    else group.push(row);
  }
  return groups;
}
