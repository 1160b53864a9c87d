import type { Delta } from '../../shared/chat/chat.ts';
import type { JobEnding } from '../../shared/jobs/sql/settle-jobs.ts';
import type { EventStream } from '../http/event-stream.ts';
import type { JobWatcher } from '../watch/job-watcher.ts';
import { followCall, type PassedPiece } from './follow-call.ts';
import { followRun } from './follow-run.ts';
import type { StreamEncoder } from './stream-encoder.ts';
import type { SubmittedCall } from './submit-call.ts';

export type FollowedAnswer = {
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
export function followAnswer(
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
      const left = untilAborted(gone).then(() => 'silence' as const);
      return await Promise.race([word, end, silence, left]).finally(() => clearTimeout(timer));
    },
    writeTo: (stream) => open(stream),
  };
}

function toFrames(encoder: StreamEncoder, piece: Delta | PassedPiece): string {
  return piece.kind === 'passed' ? (encoder.passed?.(piece.event) ?? '') : encoder.delta(piece);
}

/** Resolves when the signal aborts, or has. */
export const untilAborted = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
