import type { HostileRequest } from '../hostile-request.ts';
import { type Answer, headerOf } from '../http-exchange.ts';

/**
 * The jobs an answer told the tenant of as made by this very request: in its body, in its head, or as a
 * response, whose id ends as its job's does. Refusals tell of one too, when the call was begun.
 */
export function reportedJobs(request: HostileRequest, answers: Answer[]): string[] {
  if (request.method !== 'POST' || request.sender !== 'tenant') return [];
  return answers.flatMap((answer) => {
    const inHead = headerOf(answer, 'x-job-id');
    const inBody = answer.status < 300 ? idOf(answer.body.toString('utf8')) : null;
    return [inHead, inBody].filter((id) => id !== null);
  });
}

/** The id at the beginning of an object: of a job, or of the response that is one. */
function idOf(text: string): string | null {
  const [, kind, suffix] = /^(?:data: )?\{"id":"(job|resp)_([0-9a-f]{32})"/.exec(text) ?? [];
  return kind === undefined ? null : `job_${suffix}`;
}
