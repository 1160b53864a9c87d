import { type ChatCompletion, responseStatusOf } from '../../shared/chat/chat.ts';
import { notFound } from '../../shared/errors.ts';
import type { ResponseFacts, ResponseStatus } from '../../shared/formats/openai-responses/response-object.ts';
import type { ResponsesBody } from '../../shared/formats/openai-responses/response-request.ts';
import {
  findResponse,
  findResponseRecord,
  type ResponseRecord,
} from '../../shared/formats/openai-responses/sql/responses.ts';
import { responseIdOf } from '../../shared/ids.ts';
import type { JobState } from '../../shared/jobs/rules/job.ts';
import type { JobRecord } from '../../shared/jobs/rules/job-row.ts';
import { readJson } from '../../shared/platform/json/read-json.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';

/** The job behind the id of a response; an id that is none leads to a job that is none. */
export const jobIdOf = (responseId: string) => responseId.replace(/^resp_/, 'job_');

export type StoredResponse = { job: JobRecord; facts: ResponseFacts };

/**
 * A response of an account as it stands, without its input. Throws a 404 when there is none, or it was not to
 * be stored, or was deleted.
 */
export async function readResponse(
  sql: Database,
  accountId: string,
  responseId: string,
): Promise<StoredResponse> {
  const stored = responseId.startsWith('resp_')
    ? await findResponse(sql, accountId, jobIdOf(responseId))
    : null;
  if (stored === null) throw notFound('response');
  const completion = stored.result === null ? null : (readJson(stored.result) as ChatCompletion);
  const body = { ...(readJson(stored.asked) as ResponsesBody), input: [] };
  return { job: stored.job, facts: factsOf(stored.job, body, completion) };
}

/** What is known of a response without its texts. Throws the same 404. */
export async function readResponseRecord(
  sql: Database,
  accountId: string,
  responseId: string,
): Promise<ResponseRecord> {
  const isOne = responseId.startsWith('resp_');
  const found = isOne ? await findResponseRecord(sql, accountId, jobIdOf(responseId)) : null;
  if (found === null) throw notFound('response');
  return found;
}

/** A job in the words of the Responses API. */
function factsOf(job: JobRecord, body: ResponsesBody, completion: ChatCompletion | null): ResponseFacts {
  return {
    id: responseIdOf(job.id),
    createdAt: job.createdAt,
    completedAt: job.state === 'succeeded' ? job.finishedAt : null,
    model: job.model,
    status: statusOfJob(job, completion),
    error: job.error,
    completion,
    body,
  };
}

function statusOfJob({ state }: JobRecord, completion: ChatCompletion | null): ResponseStatus {
  if (state === 'succeeded' && completion !== null) return responseStatusOf(completion);
  return statusOfState(state);
}

/** What the Responses API calls the state of a job, whatever came of it. */
export function statusOfState(state: JobState): ResponseStatus {
  switch (state) {
    case 'waiting':
    case 'ticketed':
      return 'queued';
    case 'running':
      return 'in_progress';
    case 'succeeded':
      return 'completed';
    case 'cancelled':
      return 'cancelled';
    case 'failed':
    case 'expired':
      return 'failed';
  }
}
