import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Catalogue } from '../../shared/catalogue/catalogue.ts';
import type { ChatCompletion } from '../../shared/chat/chat.ts';
import { Refusal } from '../../shared/errors.ts';
import type { Express, OutputListeners } from '../../shared/jobs/express.ts';
import { findOutcome } from '../../shared/jobs/sql/jobs.ts';
import type { JobEnding } from '../../shared/jobs/sql/settle-jobs.ts';
import { readJson } from '../../shared/platform/json/read-json.ts';
import { resultWithin } from '../../shared/platform/wait-at-most.ts';
import type { CredentialWatch } from '../http/credential-watch.ts';
import type { EventStream } from '../http/event-stream.ts';
import type { EventStreams } from '../http/event-streams.ts';
import { toRefusal } from '../http/problem.ts';
import { cancelOne } from '../intake/cancel-job.ts';
import type { FinalWatch } from '../watch/final-watch.ts';
import type { JobWatcher } from '../watch/job-watcher.ts';
import { cancelUnlessReattached, type DisconnectDeps, onDisconnect } from './client-disconnect.ts';
import { failedCall } from './failed-call.ts';
import { type FollowedAnswer, followAnswer, untilAborted } from './follow-answer.ts';
import { OutputTakenBack } from './follow-call.ts';
import type { CallReply, StreamEncoder } from './stream-encoder.ts';
import { type Call, type SubmitDeps, type SubmittedCall, submitCall } from './submit-call.ts';

export type ReplyDeps = SubmitDeps &
  DisconnectDeps & {
    catalogue: Catalogue;
    finals: FinalWatch;
    watcher: JobWatcher;
    streams: EventStreams;
    credentials: CredentialWatch;
    express: Express | null;
  };

/** The end of a job comes a little after its deadline. */
const marginMs = 15_000;
/** A client that streams gets a heartbeat after this long, even without a word of the answer. */
const headersMsMax = 10_000;

/** Runs a call and waits for its whole answer. Throws the refusal of whatever went wrong. */
export async function waitForReply(
  deps: ReplyDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  call: Call,
): Promise<CallReply> {
  const placed = await submitCall(deps, request, reply, call, deps.express);
  const running = placed.run?.(noReader) ?? null;
  const credential = deps.credentials.watch(request.caller);
  const gone = AbortSignal.any([onDisconnect(reply), credential.signal]);
  const leave = () => cancelUnlessReattached(deps, placed);
  if (gone.aborted) leave();
  else gone.addEventListener('abort', leave, { once: true });
  try {
    const ending = running === null ? null : await endedInTime(deps, placed, running, gone);
    return await answerOf(deps, placed, ending, gone);
  } catch (error) {
    if (!credential.signal.aborted) throw error;
    throw new Refusal('authentication_error', 'The credential of this call has ended', {}, error);
  } finally {
    credential.drop();
  }
}

const noReader: OutputListeners = { onDelta: () => undefined, onPassed: () => undefined };

/**
 * How a call ended that runs here; null when its client left, or its end has to wait for a database that is
 * unavailable: nobody waits for that longer than for a job.
 */
async function endedInTime(
  deps: ReplyDeps,
  placed: SubmittedCall,
  running: Promise<JobEnding | null>,
  gone: AbortSignal,
): Promise<JobEnding | null> {
  const ended = Promise.race([running, untilAborted(gone)]);
  return await resultWithin(msUntilOver(deps, placed), ended, 'the call').catch(() => null);
}

/** Until the job of a call should have ended. */
function msUntilOver({ syncTimeoutSeconds }: ReplyDeps, { createdAt }: SubmittedCall): number {
  return Math.max(0, createdAt.getTime() + syncTimeoutSeconds * 1000 + marginMs - Date.now());
}

/** The answer of a call that ended in this process, else of one that is waited for. */
async function answerOf(
  deps: ReplyDeps,
  placed: SubmittedCall,
  ending: JobEnding | null,
  gone: AbortSignal,
): Promise<CallReply> {
  if (ending === null) return await readAnswer(deps, placed, gone);
  const { result, finishedAt } = ending;
  if (result === null) throw failedCall(ending);
  const job = { id: placed.jobId, createdAt: placed.createdAt, finishedAt };
  return { job, completion: readJson(result) as ChatCompletion };
}

async function readAnswer(deps: ReplyDeps, placed: SubmittedCall, gone: AbortSignal): Promise<CallReply> {
  const waitMs = msUntilOver(deps, placed);
  await deps.finals.whenFinal(placed.jobId, waitMs, gone);
  const stored = await findOutcome(deps.sql, placed.accountId, placed.jobId);
  // A call that was cancelled and read to its end has its whole answer: whoever came back for it is given it.
  if (stored === null || stored.result === null) {
    throw failedCall(stored?.job ?? { error: null, state: 'failed' });
  }
  return { job: stored.job, completion: readJson(stored.result) as ChatCompletion };
}

/**
 * Runs a call and sends its answer as it comes. Until the first word (or ten seconds) a failure is an answer
 * of its own; after that it is an event in the stream, and a client that leaves ends the call, which is
 * charged for what it had produced.
 */
export async function streamReply(
  deps: ReplyDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  call: Call,
  createEncoder: (placed: SubmittedCall) => StreamEncoder,
): Promise<FastifyReply> {
  const placed = await submitCall(deps, request, reply, call, deps.express);
  const encoder = createEncoder(placed);
  const gone = onDisconnect(reply);
  const { passes } = call.priced;
  const answer = followAnswer(deps.watcher, { ...placed, passes }, encoder, gone);
  const first = await answer.first(headersMsMax);
  if (gone.aborted) {
    cancelUnlessReattached(deps, placed);
    return reply.hijack();
  }
  // It ended before a word: a failure can still be an answer of its own.
  if (first === 'end') await answerOf(deps, placed, await answer.ending, gone);
  const closing = new Refusal('unavailable', 'The server closes; ask again');
  const stream = deps.streams.open(reply, { closingFrame: () => encoder.failed(closing) });
  void pump(deps, { placed, stream, answer, encoder }).catch((error: unknown) =>
    request.log.error({ error, job_id: placed.jobId }, 'a streamed answer failed'),
  );
  return reply;
}

type Pumping = {
  placed: SubmittedCall;
  stream: EventStream;
  answer: FollowedAnswer;
  encoder: StreamEncoder;
};

async function pump(deps: ReplyDeps, pumping: Pumping): Promise<void> {
  const { placed, stream, answer, encoder } = pumping;
  let isBrokenOff = false;
  // The client left, or the server closes and could not wait for the end: nobody will have the rest.
  const breakOff = () => {
    isBrokenOff = true;
    deps.backgroundTasks.track(cancelOne(deps, placed.accountId, placed.jobId));
  };
  // Of a server that closes, a stream may be over as soon as it is open.
  if (stream.signal.aborted) breakOff();
  else stream.signal.addEventListener('abort', breakOff, { once: true });
  try {
    stream.write(encoder.started());
    answer.writeTo(stream);
    const ending = await answer.ending;
    if (isBrokenOff) return;
    stream.write(encoder.ended(await answerOf(deps, placed, ending, stream.signal)));
  } catch (error) {
    if (isBrokenOff) return;
    // A refusal is how it ended; after anything else it may go on, and nobody reads it.
    if (!(error instanceof Refusal)) breakOff();
    const refusal =
      error instanceof OutputTakenBack
        ? new Refusal('outcome_unknown', 'The provider broke off in the middle of its answer')
        : toRefusal(error);
    stream.write(encoder.failed(refusal));
  } finally {
    stream.signal.removeEventListener('abort', breakOff);
    stream.end();
  }
}
