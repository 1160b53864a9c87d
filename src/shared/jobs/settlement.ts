import { type ChatCompletion, responseStatusOf } from '../chat/chat.ts';
import { newId, responseIdOf } from '../ids.ts';
import { webhookEvent } from '../webhooks/rules/delivery.ts';
import type { FinalState, JobError, WebhookObject } from './rules/job.ts';
import { toJobObject } from './rules/job-object.ts';
import type { EndableJob, JobRecord } from './rules/job-row.ts';
import type { AttemptRecord, ChargeRecord, EventRecord, JobEnding } from './sql/settle-jobs.ts';

export type EndingFacts = {
  state: FinalState;
  /** The attempt that ended it, or null when no call is under way. */
  fence: number | null;
  error: JobError | null;
  charge: ChargeRecord | null;
  attempt: AttemptRecord | null;
  result: string | null;
  /** Id of the final event, when the caller wrote the events before it. */
  eventSeq: number | null;
  now: Date;
};

/**
 * Everything that becomes true in the transaction that ends a job, the frozen bytes of its event included.
 */
export function endingOf(job: EndableJob, facts: EndingFacts): JobEnding {
  return {
    jobId: job.id,
    accountId: job.accountId,
    provider: job.provider,
    fence: facts.fence,
    state: facts.state,
    error: facts.error,
    eventSeq: facts.eventSeq,
    finishedAt: facts.now,
    charge: facts.charge,
    attempt: facts.attempt,
    result: facts.result,
    event: job.announces === null ? null : eventOf(job, job.announces, facts),
  };
}

function eventOf(job: EndableJob, announced: WebhookObject, facts: EndingFacts): EventRecord {
  const eventId = newId('evt');
  const isResponse = announced === 'response';
  const eventType = isResponse ? responseEventType(facts) : (`job.${facts.state}` as const);
  const record: JobRecord = {
    ...job,
    surface: isResponse ? 'responses' : 'jobs',
    state: facts.state,
    answeredModel: facts.charge?.model ?? null,
    chargeNano: facts.charge?.amountNano ?? 0n,
    estimated: facts.charge?.estimated ?? false,
    usage: facts.charge?.usage ?? null,
    error: facts.error,
    eventSeq: facts.eventSeq ?? 0,
    finishedAt: facts.now,
  };
  const body = webhookEvent({
    eventId,
    type: eventType,
    createdAt: facts.now,
    job: toJobObject(record, { result: facts.result }),
    ...(isResponse
      ? { response: { id: responseIdOf(job.id), status: eventType.slice('response.'.length) } }
      : {}),
    payload: job.webhookPayload,
  });
  return { eventId, eventType, body, webhookUrl: job.webhookUrl };
}

/**
 * What a background response ended as, in the words of the Responses API; one past its deadline has failed.
 */
function responseEventType({ state, result }: EndingFacts): `response.${string}` {
  if (state === 'cancelled') return 'response.cancelled';
  if (state !== 'succeeded' || result === null) return 'response.failed';
  return `response.${responseStatusOf(JSON.parse(result) as ChatCompletion)}`;
}
