import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import type { Surface } from '../../shared/jobs/rules/job.ts';
import { findJobRecord } from '../../shared/jobs/sql/jobs.ts';
import { deleteSyncCall, reattachSyncCall } from '../../shared/jobs/sql/sync-calls.ts';
import type { JobSubmission, PricedRequest } from '../../shared/jobs/submission.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { accountOf } from '../http/caller.ts';
import { fingerprintOf, isSdkRetry, readIdempotencyKey } from '../http/idempotency-key.ts';
import { acceptJob, type IntakeDeps } from '../intake/accept-job.ts';
import type { RecordCall } from './record-calls.ts';

export type SubmitDeps = IntakeDeps & { sql: Database; syncTimeoutSeconds: number; recordCall: RecordCall };

/** The job that answers a call, when it was made, and how often its client has asked for it. */
export type SubmittedCall = { jobId: string; accountId: string; createdAt: Date; asks: number };

/** What is called, and on which surface. What is left out is as for a client that waits. */
export type Call = { surface: Surface; priced: PricedRequest; stream: boolean } & Partial<
  Pick<JobSubmission, 'lane' | 'expiresInSeconds' | 'metadata' | 'announces'>
>;

const attemptsMax = 5;

/**
 * Makes a job of a call whose client waits for the answer. A client that says it asks again
 * (`x-stainless-retry-count` of the official SDKs) for what it asked a moment ago gets the job of that time,
 * also while that one is still on its way into the database: both submit it under one id, and it is accepted
 * once. So does one under an Idempotency-Key that was used for the same call. Everything else is a new job.
 * Names the job in the headers of the reply. Throws a Refusal; then nothing is left of the call.
 */
export async function submitCall(
  deps: SubmitDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  call: Call,
): Promise<SubmittedCall> {
  const accountId = accountOf(request);
  const fingerprint = fingerprintOf(request);
  let noted: Noted = { jobId: newId('job'), asks: 0 };
  // Once the call is priced: of one that is wrong nothing is noted.
  const note = async () => {
    const earlier = isSdkRetry(request) ? await reattachSyncCall(deps.sql, { accountId, fingerprint }) : null;
    if (earlier === null) await deps.recordCall({ jobId: noted.jobId, accountId, fingerprint });
    noted = earlier ?? { jobId: noted.jobId, asks: 1 };
    return noted.jobId;
  };
  const key = readIdempotencyKey(request);
  const accepted = await acceptJob(
    deps,
    {
      surface: call.surface,
      priced: call.priced,
      lane: call.lane ?? 'interactive',
      stream: call.stream,
      runAt: null,
      expiresInSeconds: call.expiresInSeconds ?? deps.syncTimeoutSeconds,
      fallbacks: [],
      maxAttempts: attemptsMax,
      announces: call.announces ?? null,
      webhookUrl: null,
      webhookPayload: 'thin',
      metadata: call.metadata ?? {},
    },
    {
      accountId,
      idempotency: key === null ? null : { key, fingerprint },
    },
    note,
  ).catch(async (error: unknown) => {
    if (error instanceof Refusal && noted.asks === 1)
      await deleteSyncCall(deps.sql, noted.jobId).catch(() => undefined);
    throw error;
  });
  const { asks } = noted;
  reply.header('x-job-id', accepted.jobId);
  if (accepted.replayed) reply.header('idempotent-replayed', 'true');
  const isNew = asks === 1 && !accepted.replayed;
  const earlierJob = isNew ? null : await findJobRecord(deps.sql, accountId, accepted.jobId);
  const createdAt = earlierJob?.createdAt ?? accepted.submittedAt;
  return { jobId: accepted.jobId, accountId, createdAt, asks };
}

type Noted = { jobId: string; asks: number };
