import type { Log } from './log.ts';
import { createLoopFailures } from './loop-failures.ts';

export type Loop = {
  /** Runs the work now, or once more right after the run that is under way, and is quick for a while. */
  wake(): void;
  /** Is quick for a while, without a run at once: something began that the work may have to do with. */
  rouse(): void;
  /** Ends the loop and waits for a run that is under way. */
  stop(): Promise<void>;
};

/** How soon a loop runs again by itself. */
export type Pace = {
  /** While it has work or fails, was woken, or one of these was so in the last seconds. */
  quickMs: number;
  /** Otherwise, unless something is due sooner. Loops of a process that rest as long run together. */
  restMs: number;
};

/** What a run found: true, when there is more to do at once; or whether it had work, and what is due next. */
export type Found = boolean | undefined | { isBusy: boolean; dueInMs: number | null };

/** So long after its last work a loop is quick: what follows from it may come without a signal. */
const quickForMs = 3000;

/**
 * Runs `work` again and again, at its pace, sooner when woken, never twice at a time; the work is given
 * whether the loop is quick at the moment. When the work says true it is run again at once: there was more.
 * What is due next is asked of a run that is not quick. A failure is logged and the loop goes on.
 */
export function startLoop(
  pace: Pace | number,
  work: (isQuick: boolean) => Promise<Found>,
  log: Log,
  name: string,
): Loop {
  const failures = createLoopFailures(log, name);
  const { quickMs, restMs } = typeof pace === 'number' ? { quickMs: pace, restMs: pace } : pace;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  let again = false;
  let stopped = false;
  let quickUntil = 0;
  let isResting = false;

  const isQuick = () => performance.now() < quickUntil;
  const quicken = () => {
    quickUntil = performance.now() + quickForMs;
  };

  /** One run; gives how long to wait after it, 0 when there is more. */
  async function runOnce(): Promise<number> {
    const wasQuick = isQuick();
    const found = await work(wasQuick).then(
      (result) => {
        failures.passed();
        return result;
      },
      (error: unknown) => {
        failures.failed(error);
        return { isBusy: true, dueInMs: null };
      },
    );
    if (found === true || (typeof found === 'object' && found.isBusy)) quicken();
    if (found === true) return 0;
    isResting = !wasQuick && !isQuick();
    return isResting ? restFor(typeof found === 'object' ? found.dueInMs : null) : quickMs;
  }

  function restFor(dueInMs: number | null): number {
    const aligned = restMs > quickMs ? restMs - (performance.now() % restMs) : restMs;
    return dueInMs === null ? aligned : Math.min(aligned, Math.max(dueInMs, quickMs));
  }

  async function runAll(): Promise<void> {
    let waitMs = 0;
    do {
      again = false;
      waitMs = await runOnce();
    } while ((again || waitMs === 0) && !stopped);
    running = null;
    if (!stopped) timer = setTimeout(start, waitMs);
  }

  function start(): void {
    clearTimeout(timer);
    if (stopped) return;
    isResting = false;
    if (running === null) running = runAll();
    else again = true;
  }

  quicken();
  start();
  return {
    wake: () => {
      quicken();
      start();
    },
    rouse: () => {
      quicken();
      if (!isResting || stopped) return;
      isResting = false;
      clearTimeout(timer);
      timer = setTimeout(start, quickMs);
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
