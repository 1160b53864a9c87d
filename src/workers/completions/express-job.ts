import { queuedEventId } from '../../shared/events/rules/event.ts';
import type { JobIntake } from '../../shared/jobs/sql/accept-jobs.ts';
import { type ClaimedJob, toClaimedJob } from './claim.ts';
import { expressSlotOf } from './express-gate.ts';

/** What a claim by ticket would give of a job that was claimed where it was accepted. */
export function claimedOf(intake: JobIntake): ClaimedJob {
  const startedAt = new Date();
  const row = {
    batchId: null,
    target: 0,
    // Of `job.queued`, which every job has.
    eventSeq: queuedEventId,
    id: intake.id,
    accountId: intake.accountId,
    lane: intake.lane,
    model: intake.model,
    provider: intake.provider,
    attempts: 1,
    tries: 1,
    holdNano: intake.holdNano,
    stream: intake.stream,
    announces: intake.announces,
    webhookUrl: intake.webhookUrl,
    webhookPayload: intake.webhookPayload,
    metadata: intake.metadata,
    createdAt: intake.createdAt,
    startedAt,
    maxAttempts: intake.maxAttempts,
    inputTokensBound: intake.inputTokensBound,
    deadlineAt: new Date(startedAt.getTime() + intake.expiresInSeconds * 1000),
    request: intake.request,
    targets: JSON.parse(intake.targets) as unknown,
  };
  return toClaimedJob(row, expressSlotOf(intake.id));
}
