import type { Limits } from '../../platform/config/quotas.ts';
import { asJson, type Database } from '../../platform/postgres/database.ts';
import type { Surface, WebhookObject } from '../rules/job.ts';

/** One job as intake hands it over, complete. Amounts are nano-USD; texts are JSON. */
export type JobIntake = {
  jobId: string;
  accountId: string;
  idempotencyKey: string | null;
  fingerprint: string | null;
  /** The answer to remember for the idempotency key. */
  reply: string;
  surface: Surface;
  lane: number;
  model: string;
  provider: string;
  targetModel: string;
  maxAttempts: number;
  holdId: string;
  holdNano: bigint;
  inputTokensBound: number;
  tokensBound: number;
  stream: boolean;
  announces: WebhookObject | null;
  webhookUrl: string | null;
  webhookPayload: string;
  metadata: Record<string, string>;
  runAt: Date | null;
  createdAt: Date;
  expiresInSeconds: number;
  request: string;
  targets: string;
  original: string | null;
};

/** What became of one intake; see migrations/functions/accept_jobs.sql for what each word promises. */
export type IntakeVerdict =
  | { kind: 'accepted' }
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
};

/**
 * Stores and reserves many jobs in one statement, in their order; one verdict each. `limits` are those of
 * accounts that have none of their own. Fails with 55P03 when the balance of an account is locked for longer
 * than `lockWaitMs`.
 */
export async function acceptJobs(
  sql: Database,
  intakes: JobIntake[],
  limits: Pick<Limits, 'unfinished_jobs' | 'idempotency_keys'>,
  lockWaitMs: number,
): Promise<IntakeVerdict[]> {
  const rows = await sql<Row[]>`
    select verdict, available_nano, quota, status, reply, location
    from accept_jobs(
      ${asJson(intakes.map(toRow))},
      ${intakes.map((intake) => intake.request)}::text[],
      ${intakes.map((intake) => intake.targets)}::text[],
      ${intakes.map((intake) => intake.original)}::text[],
      ${limits.unfinished_jobs}::integer,
      ${limits.idempotency_keys}::integer,
      ${lockWaitMs}::integer
    )`;
  return rows.map(toVerdict);
}

function toRow(intake: JobIntake, index: number) {
  return {
    ord: index + 1,
    job_id: intake.jobId,
    account_id: intake.accountId,
    idempotency_key: intake.idempotencyKey,
    fingerprint: intake.fingerprint,
    reply: intake.idempotencyKey === null ? null : intake.reply,
    surface: intake.surface,
    lane: intake.lane,
    model: intake.model,
    provider: intake.provider,
    target_model: intake.targetModel,
    max_attempts: intake.maxAttempts,
    hold_id: intake.holdId,
    hold_nano: intake.holdNano.toString(),
    input_tokens_bound: intake.inputTokensBound,
    tokens_bound: intake.tokensBound,
    stream: intake.stream,
    announces: intake.announces,
    webhook_url: intake.webhookUrl,
    webhook_payload: intake.webhookPayload,
    metadata: intake.metadata,
    run_at: intake.runAt?.toISOString() ?? null,
    created_at: intake.createdAt.toISOString(),
    expires_in_seconds: intake.expiresInSeconds,
  };
}

function toVerdict(row: Row): IntakeVerdict {
  if (row.verdict === 'insufficient')
    return { kind: 'insufficient', availableNano: row.available_nano ?? 0n };
  if (row.verdict === 'replayed') {
    return { kind: 'replayed', status: row.status ?? 202, reply: row.reply ?? '', location: row.location };
  }
  if (row.verdict === 'deep' || row.verdict === 'keyed') return { kind: row.verdict, limit: row.quota ?? 0 };
  return { kind: row.verdict };
}
