import type { Log } from './log.ts';

export type Loop = {
  /** Runs the work now, or once more right after the run that is under way. */
  wake(): void;
  /** Ends the loop and waits for a run that is under way. */
  stop(): Promise<void>;
};

/** A failure that goes on is logged again after this long. */
const logAgainMs = 60_000;

/**
 * Runs `work` again and again: at least every `intervalMs`, sooner when woken, never twice at a time. When
 * the work says true it is run again at once: there was more. A failure is logged and the loop goes on.
 */
export function startLoop(
  intervalMs: number,
  work: () => Promise<boolean | undefined>,
  log: Log,
  name: string,
): Loop {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  let again = false;
  let stopped = false;
  /** The failures that were logged, and when. */
  const loggedAtMs = new Map<string, number>();
  let isFailing = false;

  // A loop that runs ten times a second fails as often while what it needs is away: said once, and again when
  // it says another thing.
  function failing(error: unknown): false {
    isFailing = true;
    const text = error instanceof Error ? error.message : String(error);
    const now = performance.now();
    for (const [other, at] of loggedAtMs) if (now - at > logAgainMs) loggedAtMs.delete(other);
    log[loggedAtMs.has(text) ? 'debug' : 'warn']({ loop: name, error }, 'loop failed');
    if (!loggedAtMs.has(text)) loggedAtMs.set(text, now);
    return false;
  }

  function notFailing(more: boolean | undefined): boolean | undefined {
    if (isFailing) log.info({ loop: name }, 'loop goes on');
    isFailing = false;
    return more;
  }

  async function run(): Promise<void> {
    do {
      again = false;
      const more = await work().then(notFailing, failing);
      if (more === true) again = true;
    } while (again && !stopped);
  }

  function start(): void {
    clearTimeout(timer);
    if (stopped) return;
    if (running !== null) {
      again = true;
      return;
    }
    running = run().finally(() => {
      running = null;
      if (!stopped) timer = setTimeout(start, intervalMs);
    });
  }

  start();
  return {
    wake: start,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
