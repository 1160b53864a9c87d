import type { Usage } from '../../chat/usage.ts';
import type { FinalState, JobError } from '../../jobs/rules/job.ts';
import { toWireUsage } from '../../jobs/rules/job-object.ts';
import { formatUsd, type NanoUsd } from '../../money/rules/money.ts';
import { readJson } from '../../platform/json/read-json.ts';
import { writeJson } from '../../platform/json/verbatim.ts';

/**
 * One event of a job as its watchers get it. Ids count from 1, one by one; `job.queued` is 1 and the final
 * event has the id that is stored with the job. `data` is one line of JSON that begins with `seq` and
 * `job_id`.
 */
export type JobEvent = { id: number; type: string; data: string };

/** An event as it is kept: without the two fields that every event has. */
export type LoggedEvent = { id: number; type: string; fields: string };

/** The id of `job.queued`, which every job has from the moment it is accepted. */
export const queuedEventId = 1;

/** What `job.started` has. */
export type StartFacts = { attempt: number; provider: string; model: string };

/**
 * The start of a call of a job that does not stream. Nothing but its calls comes between such a job's first
 * event and its last, so the number of the attempt is the id, whatever was lost: it needs no log.
 */
export function startedEvent(start: StartFacts): LoggedEvent {
  return { id: startedEventId(start.attempt), type: 'job.started', fields: JSON.stringify(start) };
}

/** The id of the last event of a job that does not stream, once so many attempts of it have begun. */
export function startedEventId(attempts: number): number {
  return queuedEventId + attempts;
}

/** Puts `seq` and `job_id` before the fields, which are a JSON object as text. */
export function toJobEvent(jobId: string, { id, type, fields }: LoggedEvent): JobEvent {
  const rest = fields === '{}' ? '}' : `,${fields.slice(1)}`;
  return { id, type, data: `{"seq":${id},"job_id":${JSON.stringify(jobId)}${rest}` };
}

/** What the final event has; null amounts and usage where there are none. */
export type FinalFacts = {
  state: FinalState;
  usage: Usage | null;
  estimated: boolean;
  chargeNano: NanoUsd | null;
  error: JobError | null;
};

/** The last event of a job: `job.succeeded`, `job.failed`, `job.cancelled` or `job.expired`. */
export function finalEvent(jobId: string, id: number, facts: FinalFacts): JobEvent {
  const fields = {
    status: facts.state,
    usage: facts.usage === null ? null : toWireUsage(facts.usage, facts.estimated),
    charge_usd: facts.chargeNano === null ? null : formatUsd(facts.chargeNano),
    error: facts.error,
  };
  return toJobEvent(jobId, { id, type: `job.${facts.state}`, fields: JSON.stringify(fields) });
}

type StoredChoice = { index: number; message: { content: string | null; tool_calls?: unknown[] } };

/**
 * All output at once, in place of the events up to `id`, which are gone. `text` is the first choice's; with
 * several, or with tool calls, `choices` has them all. `result` is the stored chat completion, or null when
 * there is none.
 */
export function snapshotEvent(jobId: string, id: number, result: string | null): JobEvent {
  const stored = result === null ? [] : (readJson(result) as { choices: StoredChoice[] }).choices;
  const choices = stored.map(({ index, message }) => ({
    choice: index,
    text: message.content ?? '',
    ...(message.tool_calls === undefined ? {} : { tool_calls: message.tool_calls }),
  }));
  const text = choices.find(({ choice }) => choice === 0)?.text ?? '';
  return toJobEvent(jobId, { id, type: 'output.snapshot', fields: writeJson({ text, choices }) });
}
