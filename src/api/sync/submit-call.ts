import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import type { Express, ExpressRun } from '../../shared/jobs/express.ts';
import type { Surface } from '../../shared/jobs/rules/job.ts';
import { findJobRecord } from '../../shared/jobs/sql/jobs.ts';
import { addRequest, reattachSyncCall } from '../../shared/jobs/sql/sync-calls.ts';
import type { JobSubmission, PricedRequest } from '../../shared/jobs/submission.ts';
import { firstTargetOf, toIntake } from '../../shared/jobs/to-intake.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { accountOf } from '../http/caller.ts';
import { fingerprintOf, isSdkRetry, readIdempotencyKey } from '../http/idempotency-key.ts';
import { type Accepted, acceptJob, type IntakeDeps } from '../intake/accept-job.ts';
import { noteWhenSlow } from './note-slow-call.ts';

export type SubmitDeps = IntakeDeps & { sql: Database; syncTimeoutSeconds: number };

/** The job that answers a call, when it was made, and how often its client has asked for it. */
export type SubmittedCall = {
  jobId: string;
  accountId: string;
  createdAt: Date;
  asks: number;
  /** Runs it here: whoever is given this has to use it, since the job is claimed. Null when it is in line. */
  run: ExpressRun | null;
};

/** What is called, and on which surface. What is left out is as for a client that waits. */
export type Call = { surface: Surface; priced: PricedRequest; stream: boolean } & Partial<
  Pick<JobSubmission, 'lane' | 'expiresInSeconds' | 'metadata' | 'announces'>
>;

const attemptsMax = 5;

/**
 * Makes a job of a call whose client waits for the answer. A client that says it asks again
 * (`x-stainless-retry-count` of the official SDKs) for what it asked a moment ago gets the job of that time.
 * So does one under an Idempotency-Key that was used for the same call. Everything else is a new job, which
 * may run here at once where `express` is given. Names the job in the headers of the reply. Throws a Refusal;
 * then nothing is left of the call.
 */
export async function submitCall(
  deps: SubmitDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  call: Call,
  express: Express | null = null,
): Promise<SubmittedCall> {
  const accountId = accountOf(request);
  const fingerprint = fingerprintOf(request);
  const earlier = isSdkRetry(request) ? await reattachSyncCall(deps.sql, { accountId, fingerprint }) : null;
  if (earlier !== null)
    return named(reply, await submitAgain(deps, request, call, { ...earlier, fingerprint }));
  const jobId = newId('job');
  const accepting = acceptNew(deps, request, call, { jobId, fingerprint, express });
  const accepted = await noteWhenSlow(deps.sql, { jobId, accountId, fingerprint }, accepting);
  if (accepted.replayed) reply.header('idempotent-replayed', 'true');
  return named(reply, accepted.replayed ? await submittedBefore(deps.sql, accountId, accepted) : accepted);
}

function named(reply: FastifyReply, submitted: SubmittedCall): SubmittedCall {
  reply.header('x-job-id', submitted.jobId);
  return submitted;
}

/** The job of an earlier call: accepted under its id where it is not there yet, as the earlier one may be. */
async function submitAgain(
  deps: SubmitDeps,
  request: FastifyRequest,
  call: Call,
  { jobId, asks, fingerprint }: { jobId: string; asks: number; fingerprint: string },
): Promise<SubmittedCall> {
  const accountId = accountOf(request);
  const job = await findJobRecord(deps.sql, accountId, jobId);
  if (job !== null) return { jobId, accountId, createdAt: job.createdAt, asks, run: null };
  return { ...(await acceptNew(deps, request, call, { jobId, fingerprint, express: null })), asks };
}

/** Of a call under a key: whoever asked first and left must not stop what another waits for. */
async function submittedBefore(
  sql: Database,
  accountId: string,
  { jobId }: { jobId: string },
): Promise<SubmittedCall> {
  const asks = await addRequest(sql, jobId);
  const job = await findJobRecord(sql, accountId, jobId);
  return { jobId, accountId, createdAt: job?.createdAt ?? new Date(), asks, run: null };
}

/**
 * The slot that may be had for it comes free again when the job does not run here. Of one whose acceptance
 * nobody knows of the slot is kept until it shows.
 */
async function acceptNew(
  deps: SubmitDeps,
  request: FastifyRequest,
  call: Call,
  { jobId, fingerprint, express }: { jobId: string; fingerprint: string; express: Express | null },
): Promise<SubmittedCall & Pick<Accepted, 'replayed'>> {
  const accountId = accountOf(request);
  const key = readIdempotencyKey(request);
  const slot = (await express?.reserve({ jobId, ...firstTargetOf(call.priced) })) ?? null;
  const submission: JobSubmission = {
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
  };
  const submitter = { accountId, idempotency: key === null ? null : { key, fingerprint } };
  const options = { jobId, call: fingerprint, express: slot?.claim ?? null };
  try {
    const accepted = await acceptJob(deps, submission, submitter, options);
    const { claimed, replayed, submittedAt: createdAt } = accepted;
    const run: ExpressRun | null =
      claimed === null || slot === null ? null : (listeners) => slot.run(claimed, listeners);
    if (run === null) slot?.release();
    return { jobId: accepted.jobId, accountId, createdAt, asks: 1, run, replayed };
  } catch (error) {
    if (error instanceof Refusal) slot?.release();
    else void slot?.runIfClaimed(toIntake(submission, submitter, options));
    throw error;
  }
}
