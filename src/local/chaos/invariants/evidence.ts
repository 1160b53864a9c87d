import { attemptId } from '../../../shared/domain/ids.ts';
import type { Database } from '../../../shared/sql/database.ts';
import type { MeterCall } from '../../simulator/meter.ts';
import type { ChaosClient } from '../client.ts';
import type { ReceivedWebhook } from '../receiver.ts';
import type { Watched } from '../watcher.ts';

export type JobFact = {
  id: string;
  state: string;
  attempts: number;
  tries: number;
  max_attempts: number;
  hold_nano: bigint;
  remaining_nano: bigint;
  stream: boolean;
  webhook_url: string | null;
  event_seq: number;
  amount_nano: bigint | null;
  estimated: boolean | null;
  prompt_tokens: bigint | null;
  completion_tokens: bigint | null;
};
export type AttemptFact = { job_id: string; number: number; outcome: string };
export type DeliveryFact = { id: string; job_id: string; event_id: string; body: string; state: string };

/** Everything the three witnesses saw and everything the gateway's database says, read once and in full. */
export type Evidence = {
  sql: Database;
  /** Answers of the gateway itself: `GET /v1/admin/ledger/check`, and the books as their owner sees them. */
  ledgerChecks: { name: string; ok: boolean; rows: number }[];
  jobs: Map<string, JobFact>;
  /** By the id a provider saw. */
  attempts: Map<string, AttemptFact>;
  deliveries: DeliveryFact[];
  results: Map<string, string>;
  client: ChaosClient;
  meter: MeterCall[];
  received: readonly ReceivedWebhook[];
  webhookSecret: string;
  watched: readonly Watched[];
  /** Calls beyond one a job that faults may explain. */
  callsAllowance: number;
};

export type Violation = { invariant: string; jobId: string | null; detail: string; history: string[] };

/** One promise, and who breaks it. */
export type Invariant = {
  name: string;
  broken(evidence: Evidence): Promise<Broken[]> | Broken[];
};
export type Broken = { jobId: string | null; detail: string };

export type Witnesses = Pick<
  Evidence,
  'sql' | 'ledgerChecks' | 'client' | 'meter' | 'received' | 'webhookSecret' | 'watched' | 'callsAllowance'
>;

/** Reads the database beside what the witnesses have. */
export async function gatherEvidence(witnesses: Witnesses): Promise<Evidence> {
  const { sql } = witnesses;
  const [jobs, attempts, deliveries, results] = await Promise.all([
    sql<JobFact[]>`
      select j.id, j.state, j.attempts, j.tries, j.max_attempts, j.hold_nano, h.remaining_nano, j.stream, j.webhook_url,
        j.event_seq, c.amount_nano, c.estimated, c.prompt_tokens, c.completion_tokens
      from jobs j join holds h on h.id = j.hold_id left join charges c on c.job_id = j.id`,
    sql<AttemptFact[]>`select job_id, number, outcome from attempts`,
    sql<DeliveryFact[]>`select id, job_id, event_id, body, state from deliveries`,
    sql<{ job_id: string; result: string }[]>`
      select r.job_id, r.result from job_results r join jobs j on j.id = r.job_id where j.stream`,
  ]);
  return {
    ...witnesses,
    jobs: new Map(jobs.map((job) => [job.id, job])),
    attempts: new Map(attempts.map((attempt) => [attemptId(attempt.job_id, attempt.number), attempt])),
    deliveries,
    results: new Map(results.map(({ job_id, result }) => [job_id, result])),
  };
}
