import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Catalogue } from '../../shared/catalogue/catalogue.ts';
import type { ChatCompletion, Delta } from '../../shared/chat/chat.ts';
import { Refusal } from '../../shared/errors.ts';
import type { Express, OutputListeners } from '../../shared/jobs/express.ts';
import type { JobRecord } from '../../shared/jobs/rules/job-row.ts';
import { findOutcome } from '../../shared/jobs/sql/jobs.ts';
import type { JobEnding } from '../../shared/jobs/sql/settle-jobs.ts';
import { readJson } from '../../shared/platform/json/read-json.ts';
import type { CredentialWatch } from '../http/credential-watch.ts';
import type { EventStream } from '../http/event-stream.ts';
import type { EventStreams } from '../http/event-streams.ts';
import { toRefusal } from '../http/problem.ts';
import { cancelOne } from '../intake/cancel-job.ts';
import type { FinalWatch } from '../watch/final-watch.ts';
import type { JobWatcher } from '../watch/job-watcher.ts';
import { cancelUnlessReattached, type DisconnectDeps, onDisconnect } from './client-disconnect.ts';
import { failedCall } from './failed-call.ts';
import { followCall, OutputTakenBack, type PassedPiece } from './follow-call.ts';
import { followRun } from './follow-run.ts';
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

/**
 * A finished call: the completion, and the job it was. Whoever asks for it again is answered the same, times
 * included.
 */
export type CallReply = {
  job: Pick<JobRecord, 'id' | 'createdAt' | 'finishedAt'>;
  completion: ChatCompletion;
};

/** How a surface says an answer piece by piece: each function gives the frames to send. */
export type StreamEncoder = {
  started(): string;
  delta(delta: Delta): string;
  /** Of an event in the client's own dialect; needed where calls may go through. */
  passed?(event: Record<string, unknown>): string;
  ended(answered: CallReply): string;
  failed(refusal: Refusal): string;
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
    const ending = running === null ? null : await Promise.race([running, untilAborted(gone)]);
    return await answerOf(deps, placed, ending, gone);
  } catch (error) {
    if (!credential.signal.aborted) throw error;
    throw new Refusal('authentication_error', 'The credential of this call has ended', {}, error);
  } finally {
    credential.drop();
  }
}

const noReader: OutputListeners = { onDelta: () => undefined, onPassed: () => undefined };

const untilAborted = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });

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
  const waitMs = deps.syncTimeoutSeconds * 1000 + marginMs;
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

type FollowedAnswer = {
  /**
   * What comes first: a word, the end without one, or nothing for `timeoutMs`. Rejects with what went wrong
   * before.
   */
  first(timeoutMs: number): Promise<'word' | 'end' | 'silence'>;
  /** How it ended, when it ran here. Rejects with what went wrong. */
  ending: Promise<JobEnding | null>;
  /** Has what came, and all that comes, written to the stream. */
  writeTo(stream: EventStream): void;
};

/**
 * Follows a call whose stream is opened after its first word: until then that word waits, and all others
 * behind it.
 */
function followAnswer(
  watcher: JobWatcher,
  { jobId, run, passes }: SubmittedCall & { passes: boolean },
  encoder: StreamEncoder,
  gone: AbortSignal,
): FollowedAnswer {
  let begin: () => void = () => undefined;
  let open: (stream: EventStream | null) => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const opened = new Promise<EventStream | null>((resolve) => {
    open = resolve;
  });
  gone.addEventListener('abort', () => open(null), { once: true });
  const show = async (pieces: (Delta | PassedPiece)[]) => {
    begin();
    const stream = await opened;
    await stream?.writePaced(() => pieces.map((piece) => toFrames(encoder, piece)).join(''));
  };
  async function follow(): Promise<JobEnding | null> {
    const ending = run === null ? null : await followRun(run, passes, show);
    if (ending === null) await followCall(watcher, { jobId, signal: gone, passes }, show);
    return ending;
  }
  const followed = follow();
  return {
    ending: followed,
    first: async (timeoutMs) => {
      let timer: NodeJS.Timeout | undefined;
      const silence = new Promise<'silence'>((resolve) => {
        timer = setTimeout(resolve, timeoutMs, 'silence');
      });
      const word = begun.then(() => 'word' as const);
      const end = followed.then(() => 'end' as const);
      return await Promise.race([word, end, silence]).finally(() => clearTimeout(timer));
    },
    writeTo: (stream) => open(stream),
  };
}

function toFrames(encoder: StreamEncoder, piece: Delta | PassedPiece): string {
  return piece.kind === 'passed' ? (encoder.passed?.(piece.event) ?? '') : encoder.delta(piece);
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
    if (error instanceof OutputTakenBack) breakOff();
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
