import type { ClientRecord, SubmissionHistory } from '../client-record.ts';
import type { StoredJob } from '../stored-facts.ts';

/**
 * The submission of a job, by its words; or by its id, where nothing is kept of what a job was asked that
 * never ran.
 */
export function submissionFinder(clients: ClientRecord[]): (job: StoredJob) => SubmissionHistory | undefined {
  const submissions = clients.flatMap((client) => client.submissions);
  const byCanary = new Map(submissions.map((submission) => [submission.canary, submission]));
  const byJobId = new Map(
    submissions.flatMap((submission) =>
      submission.jobId === null ? [] : [[submission.jobId, submission] as const],
    ),
  );
  return ({ id, canary }) => (canary === null ? byJobId.get(id) : byCanary.get(canary));
}
