import type { Answer } from '../../shared/chat/call-result.ts';
import { attemptOutcome } from '../../shared/jobs/rules/outcome.ts';
import type { AttemptRecord, ChargeRecord } from '../../shared/jobs/sql/settle-jobs.ts';
import { costOfCall, mayHaveRun, usageSoFar } from './charge-call.ts';
import type { ClaimedJob } from './claim.ts';

type Completed = Extract<Answer, { kind: 'completed' }>;
type Failed = Extract<Answer, { kind: 'failed' }>;
type Stopped = Extract<Answer, { kind: 'stopped' }>;

/** The attempt of a call that was answered in full, at what it cost. */
export function completedAttempt(job: ClaimedJob, answer: Completed, charge: ChargeRecord): AttemptRecord {
  return {
    provider: job.provider,
    outcome: 'succeeded',
    status: 200,
    error: null,
    usage: charge.usage,
    costNano: charge.amountNano + charge.overrunNano,
    serviceTier: answer.serviceTier,
  };
}

/** The attempt of a call that we stopped: nobody knows how far the provider went on. */
export function stoppedAttempt(job: ClaimedJob, answer: Stopped, charge: ChargeRecord): AttemptRecord {
  return {
    provider: job.provider,
    outcome: 'unknown',
    status: null,
    error: `stopped: ${answer.reason === 'limit' ? answer.limit : answer.reason}`,
    usage: charge.usage,
    costNano: charge.amountNano + charge.overrunNano,
  };
}

/**
 * The attempt of a call that failed. A refused call cost nothing. One that ended early may have: its cost is
 * shown, whether or not the account is charged for it.
 */
export function failedAttempt(job: ClaimedJob, { failure, produced }: Failed): AttemptRecord {
  const { reason, status, message } = failure;
  const recorded = {
    provider: job.provider,
    outcome: attemptOutcome(reason),
    status,
    error: `${reason}: ${message}`,
  };
  if (!mayHaveRun(failure, produced)) return { ...recorded, usage: null, costNano: 0n };
  const { usage } = usageSoFar(job, produced);
  return { ...recorded, usage, costNano: costOfCall(job, usage) };
}
