import type { StopReason } from '../../shared/chat/call-result.ts';
import { CallStopped, StopController, type StopSignal } from '../providers/call-stop.ts';
import type { ClaimedJob } from './claim.ts';

/** One job being run by this process. */
export type Run = {
  job: ClaimedJob;
  /** Aborted with a `CallStopped` when the call is to be broken off. */
  signal: StopSignal;
  /** Whether it was cancelled first of all, even where its call is read to the end. */
  isCancelled(): boolean;
  /** Takes the run off the list; its deadline no longer counts. */
  end(): void;
};

/** A timer longer than this overflows in Node; later deadlines are looked at again then. */
const timerMsMax = 2_147_000_000;

/**
 * The runs of this process, by job. Each ends early when its deadline passes, when it is cancelled, when its
 * lease is lost or when the process closes; the first reason stands. The call of a model that reasons is not
 * broken off because it was cancelled or its client left: what it thought is billed and only reported at the
 * end, so it is read to its end, or to the next reason.
 */
export function createRuns() {
  const active = new Map<string, { run: Run; stop(reason: StopReason): void }>();
  let closedBy: StopReason | null = null;

  function start(job: ClaimedJob): Run {
    const controller = new StopController();
    let firstReason: StopReason | null = null;
    const stop = (reason: StopReason) => {
      firstReason ??= reason;
      if (reason === 'cancelled' && job.target.reasons === true) return;
      controller.abort(new CallStopped(firstReason));
    };
    // An older run of the same job has lost it, or this claim would not have been given.
    active.get(job.id)?.stop('lost');
    const leftMs = Math.max(0, job.deadlineAt.getTime() - Date.now());
    const timer = setTimeout(() => stop('expired'), Math.min(leftMs, timerMsMax));
    const run: Run = {
      job,
      signal: controller,
      isCancelled: () => firstReason === 'cancelled',
      end: () => {
        clearTimeout(timer);
        if (active.get(job.id)?.run === run) active.delete(job.id);
      },
    };
    active.set(job.id, { run, stop });
    if (closedBy !== null) stop(closedBy);
    return run;
  }

  return {
    start,
    /** Stops the run of a job; with `attempt`, only if it is that one: a newer run of the job goes on. */
    stop: (jobId: string, reason: StopReason, attempt?: number) => {
      const found = active.get(jobId);
      if (attempt === undefined || found?.run.job.attempts === attempt) found?.stop(reason);
    },
    /** Stops what runs, and whatever is started after: its claim was under way. */
    stopAll: (reason: StopReason) => {
      closedBy = reason;
      for (const { stop } of active.values()) stop(reason);
    },
    list: (): ClaimedJob[] => [...active.values()].map(({ run }) => run.job),
    count: () => active.size,
  };
}

export type Runs = ReturnType<typeof createRuns>;
