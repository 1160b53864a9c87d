import type { Usage } from '../../chat/usage.ts';
import { asJson, type Database } from '../../platform/postgres/database.ts';
import type { FinalState, JobError } from '../rules/job.ts';
import type { AttemptOutcome } from '../rules/outcome.ts';

/** What is written of the attempt that ends with this statement. */
export type AttemptRecord = {
  provider: string;
  outcome: AttemptOutcome;
  status: number | null;
  error: string | null;
  usage: Usage | null;
  costNano: bigint | null;
  /** The tier that the provider says it served; left out when it did not say. */
  serviceTier?: string | null;
};

/** What a final job is charged, and by which price. */
export type ChargeRecord = {
  amountNano: bigint;
  overrunNano: bigint;
  estimated: boolean;
  provider: string;
  model: string;
  priceVersion: string;
  usage: Usage;
};

/** The event that webhooks report from the moment the job is final; the bytes are frozen here. */
export type EventRecord = {
  eventId: string;
  eventType: string;
  body: string;
  /** The job's own URL, which receives it besides the account's endpoints. */
  webhookUrl: string | null;
};

/** How a job ended. `fence` is the attempt that ended it; null when the job ends without running. */
export type JobEnding = {
  jobId: string;
  accountId: string;
  /** Where the job was last. */
  provider: string;
  fence: number | null;
  state: FinalState;
  error: JobError | null;
  /** Id of the final event; null lets the database count on from the last one it knows. */
  eventSeq: number | null;
  finishedAt: Date;
  charge: ChargeRecord | null;
  attempt: AttemptRecord | null;
  result: string | null;
  /** Null for a job whose end is not announced. */
  event: EventRecord | null;
};

/**
 * Ends many jobs in one statement; true for each ending that counted, false for one that came too late. Fails
 * with 55P03 when a row is locked for longer than `lockWaitMs`.
 */
export async function settleJobs(
  sql: Database,
  endings: JobEnding[],
  lockWaitMs: number,
): Promise<boolean[]> {
  // The function is given its endings by the row that sets how long it waits, so that this is done first.
  const rows = await sql<{ ord: number }[]>`
    select s.ord
    from (select set_config('lock_timeout', ${`${lockWaitMs}ms`}, true) as wait) w
    cross join lateral settle_jobs(
      case when w.wait is not null then ${asJson(endings.map(toRow))}::json end,
      ${endings.map((ending) => ending.result)}::text[]
    ) s`;
  const settled = new Set(rows.map((row) => row.ord));
  return endings.map((_, index) => settled.has(index + 1));
}

function toRow(ending: JobEnding, index: number) {
  const { charge, attempt, event } = ending;
  return {
    ord: index + 1,
    job_id: ending.jobId,
    account_id: ending.accountId,
    fence: ending.fence,
    state: ending.state,
    error: ending.error,
    event_seq: ending.eventSeq,
    finished_at: ending.finishedAt.toISOString(),
    ...chargeColumns(charge),
    ...attemptColumns(attempt),
    attempt_service_tier: attempt?.serviceTier ?? null,
    ...eventColumns(event),
  };
}

/** A job going back to wait for another call. */
export type JobRequeue = {
  jobId: string;
  fence: number;
  provider: string;
  targetModel: string;
  target: number;
  delayMs: number;
  counts: boolean;
  /** Id of the last event written. */
  eventSeq: number | null;
  attempt: AttemptRecord;
};

/** Requeues many jobs in one statement; true for each that was still the caller's. */
export async function requeueJobs(sql: Database, returns: JobRequeue[]): Promise<boolean[]> {
  const rows = await sql<{ ord: number }[]>`
    select ord from requeue_jobs(${asJson(
      returns.map((item, index) => ({
        ord: index + 1,
        job_id: item.jobId,
        fence: item.fence,
        provider: item.provider,
        target_model: item.targetModel,
        target: item.target,
        delay_ms: item.delayMs,
        counts: item.counts,
        event_seq: item.eventSeq,
        ...attemptColumns(item.attempt),
      })),
    )})`;
  const moved = new Set(rows.map((row) => row.ord));
  return returns.map((_, index) => moved.has(index + 1));
}

function attemptColumns(attempt: AttemptRecord | null) {
  return {
    attempt_outcome: attempt?.outcome ?? null,
    attempt_status: attempt?.status ?? null,
    attempt_error: attempt?.error ?? null,
    attempt_usage: attempt?.usage ?? null,
    attempt_cost_nano: attempt?.costNano?.toString() ?? null,
  };
}

function chargeColumns(charge: ChargeRecord | null) {
  return {
    charge_nano: charge?.amountNano.toString() ?? null,
    overrun_nano: charge?.overrunNano.toString() ?? null,
    estimated: charge?.estimated ?? null,
    provider: charge?.provider ?? null,
    model: charge?.model ?? null,
    price_version: charge?.priceVersion ?? null,
    prompt_tokens: charge?.usage.promptTokens ?? null,
    completion_tokens: charge?.usage.completionTokens ?? null,
    cached_tokens: charge?.usage.cachedTokens ?? null,
    cache_write_tokens: charge?.usage.cacheWriteTokens ?? null,
    cache_write_hour_tokens: charge?.usage.cacheWriteHourTokens ?? null,
    reasoning_tokens: charge?.usage.reasoningTokens ?? null,
  };
}

function eventColumns(event: EventRecord | null) {
  return {
    event_id: event?.eventId ?? null,
    event_type: event?.eventType ?? null,
    event_body: event?.body ?? null,
    webhook_url: event?.webhookUrl ?? null,
  };
}
