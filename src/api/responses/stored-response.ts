import { type ChatCompletion, responseStatusOf } from '../../shared/domain/chat.ts';
import { notFound } from '../../shared/domain/errors.ts';
import { responseIdOf } from '../../shared/domain/ids.ts';
import type { JobRecord } from '../../shared/domain/job.ts';
import type { ResponseFacts, ResponseStatus } from '../../shared/requests/response-object.ts';
import type { ResponsesBody } from '../../shared/requests/response-request.ts';
import type { Database } from '../../shared/sql/database.ts';
import { findJob } from '../../shared/sql/jobs.ts';

/** The job behind the id of a response; an id that is none leads to a job that is none. */
const jobIdOf = (responseId: string) => responseId.replace(/^resp_/, 'job_');

export type StoredResponse = { job: JobRecord; facts: ResponseFacts };

/** A response of an account as it stands. Throws a 404 when there is none, or it was not to be stored, or was deleted. */
export async function readResponse(
  sql: Database,
  accountId: string,
  responseId: string,
): Promise<StoredResponse> {
  const stored = responseId.startsWith('resp_') ? await findJob(sql, accountId, jobIdOf(responseId)) : null;
  if (stored === null || stored.job.surface !== 'responses' || stored.original === null) {
    throw notFound('response');
  }
  const completion = stored.result === null ? null : (JSON.parse(stored.result) as ChatCompletion);
  const body = JSON.parse(stored.original) as ResponsesBody;
  return { job: stored.job, facts: factsOf(stored.job, body, completion) };
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
  switch (state) {
    case 'waiting':
    case 'ticketed':
      return 'queued';
    case 'running':
      return 'in_progress';
    case 'succeeded':
      return completion === null ? 'completed' : responseStatusOf(completion);
    case 'cancelled':
      return 'cancelled';
    case 'failed':
    case 'expired':
      return 'failed';
  }
}
