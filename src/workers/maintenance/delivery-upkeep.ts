import type { Log } from '../../shared/platform/log.ts';
import { type Loop, startLoop } from '../../shared/platform/loop.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import type { Signals } from '../../shared/platform/redis/signals.ts';
import { parkDeliveries, recoverDeliveries } from '../../shared/webhooks/sql/recoveries.ts';

/** Nothing waits for it in a hurry; hints make it sooner. */
const intervalMs = 5000;
/** Deliveries in one statement: short enough to disturb nobody. */
const pageSize = 500;

/**
 * Holds what is pending for endpoints that take nothing, and renews what is to be recovered, page by page
 * while there is more. Neither waits for the other to go well. Any number of processes may do so at once.
 */
export function startUpkeep(
  deps: { sql: Database; signals: Pick<Signals, 'subscribe'>; log: Log },
  onRecovered: () => void,
): Loop {
  async function keepUp(): Promise<boolean> {
    const [held, recovered] = await Promise.allSettled([
      parkDeliveries(deps.sql, pageSize),
      recoverDeliveries(deps.sql, pageSize),
    ]);
    if (recovered.status === 'fulfilled' && recovered.value > 0) onRecovered();
    for (const outcome of [held, recovered]) if (outcome.status === 'rejected') throw outcome.reason;
    return [held, recovered].some((outcome) => outcome.status === 'fulfilled' && outcome.value > 0);
  }
  const loop = startLoop(intervalMs, keepUp, deps.log, 'delivery upkeep');
  deps.signals.subscribe('endpoints', loop.wake);
  return loop;
}
