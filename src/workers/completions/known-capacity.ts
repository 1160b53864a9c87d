import type { Log } from '../../shared/platform/log.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { capacityOf } from '../../shared/queue/rules/window.ts';
import { sumConcurrency } from '../../shared/queue/sql/workers.ts';

/** The live workers are counted again, by whoever asks after this long. */
const knownMs = 5000;

/**
 * How many calls a provider can have under way everywhere: by the live workers (this process alone, until
 * they are counted or where there are none), and by what it allows. What is known is answered at once, and
 * counted again behind the answer when it is old.
 */
export function createKnownCapacity(
  deps: { sql: Database; log: Log; limitOf(provider: string): number | null },
  worker: { concurrency: number; leaseSeconds: number },
): (provider: string) => number {
  let slots = 0;
  let countedAtMs = Number.NEGATIVE_INFINITY;

  async function count(): Promise<void> {
    try {
      slots = await sumConcurrency(deps.sql, worker);
    } catch (error) {
      deps.log.debug({ error }, 'live workers could not be counted');
    }
  }

  return (provider) => {
    if (performance.now() - countedAtMs > knownMs) {
      countedAtMs = performance.now();
      void count();
    }
    return capacityOf(slots > 0 ? slots : worker.concurrency, deps.limitOf(provider));
  };
}
