import type { Log } from './telemetry.ts';

export type Loop = {
  /** Runs the work now, or once more right after the run that is under way. */
  wake(): void;
  /** Ends the loop and waits for a run that is under way. */
  stop(): Promise<void>;
};

/**
 * Runs `work` again and again: at least every `intervalMs`, sooner when woken, never twice at a time. When the work says
 * true it is run again at once: there was more. A failure is logged and the loop goes on.
 */
export function every(
  intervalMs: number,
  work: () => Promise<boolean | undefined>,
  log: Log,
  name: string,
): Loop {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  let again = false;
  let stopped = false;

  async function run(): Promise<void> {
    do {
      again = false;
      const more = await work().catch((error: unknown) => {
        log.warn({ loop: name, error }, 'loop failed');
        return false;
      });
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
