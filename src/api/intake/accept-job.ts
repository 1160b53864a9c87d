import { keyConflict, keyInUse, Refusal } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import type { Ledger } from '../../shared/jobs/ledger.ts';
import type { JobIntake } from '../../shared/jobs/sql/accept-jobs.ts';
import type { JobSubmission, Submitter } from '../../shared/jobs/submission.ts';
import { type IntakeOptions, replyOf, toIntake } from '../../shared/jobs/to-intake.ts';
import { formatUsd } from '../../shared/money/rules/money.ts';
import { overQuota } from '../../shared/platform/config/quotas.ts';
import { failpoint } from '../../shared/platform/failpoints.ts';
import type { Signals } from '../../shared/platform/redis/signals.ts';

export type IntakeDeps = {
  ledger: Pick<Ledger, 'acceptJob'>;
  signals: Pick<Signals, 'publish'>;
};

/** What the caller is answered: the bytes that an idempotent repeat will get again. */
export type Accepted = {
  jobId: string;
  /** When this submission was made; the job of an earlier one, which is given again, is older. */
  submittedAt: Date;
  location: string;
  status: number;
  reply: string;
  replayed: boolean;
  /** The job, when it was claimed as `express` asked: the caller has to see that it runs. */
  claimed: JobIntake | null;
};

/**
 * Reserves the bound of a job and stores it, durably and in one statement. Throws a Refusal, and then nothing
 * is stored. Does not depend on Redis: the hint to the dispatcher may be lost.
 */
export async function acceptJob(
  deps: IntakeDeps,
  submission: JobSubmission,
  submitter: Submitter,
  options: IntakeOptions = { jobId: newId('job') },
): Promise<Accepted> {
  const intake = toIntake(submission, submitter, options);
  const isCall = intake.call !== null;
  if (!isCall || intake.idempotencyKey !== null) intake.reply = replyOf(intake);
  await failpoint('intake.quoted');
  const verdict = await deps.ledger.acceptJob(intake);
  const submittedAt = intake.createdAt;
  await failpoint('intake.committed');
  switch (verdict.kind) {
    case 'accepted':
      if (!verdict.isClaimed) deps.signals.publish('backlog', intake.provider);
      return {
        jobId: intake.id,
        submittedAt,
        location: `/v1/jobs/${intake.id}`,
        status: 202,
        reply: intake.reply,
        replayed: false,
        claimed: verdict.isClaimed ? intake : null,
      };
    case 'replayed': {
      const location = verdict.location ?? '';
      const jobId = location.slice(location.lastIndexOf('/') + 1);
      const { status, reply } = verdict;
      return { jobId, submittedAt, location, status, reply, replayed: true, claimed: null };
    }
    case 'insufficient':
      throw insufficientFunds(submission.priced.quote.holdNanoUsd, verdict.availableNano);
    case 'conflict':
      throw keyConflict();
    case 'in_progress':
      throw keyInUse();
    case 'deep':
      throw overQuota('unfinished_jobs', verdict.limit);
    case 'keyed':
      throw overQuota('idempotency_keys', verdict.limit);
    case 'unknown':
      throw new Refusal('permission_denied', 'The account of this credential does not exist');
  }
}

/** The 402 with its numbers. */
function insufficientFunds(requiredNano: bigint, availableNano: bigint): Refusal {
  const required = formatUsd(requiredNano);
  const available = formatUsd(availableNano);
  return new Refusal(
    'insufficient_funds',
    `Insufficient funds: this job needs ${required} USD, ${available} USD is available`,
    { fields: { required, available } },
  );
}
