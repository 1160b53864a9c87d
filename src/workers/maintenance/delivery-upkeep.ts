import type { Log } from '../../shared/platform/log.ts';
import { type Loop, startLoop } from '../../shared/platform/loop.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import type { Signals } from '../../shared/platform/redis/signals.ts';
import { isUpkeepDue, parkDeliveries, recoverDeliveries } from '../../shared/webhooks/sql/recoveries.ts';

/** Nothing urgent waits for upkeep; signals make it sooner. */
const intervalMs = 5000;
/** Deliveries in one statement: few enough that it locks nobody out. */
const pageSize = 500;

/**
 * Parks what is pending for disabled endpoints, and makes pending again what is to be recovered, page by page
 * while there is more. Neither waits for the other to go well. Any number of processes may do so at once.
 */
export function startUpkeep(
  deps: { sql: Database; signals: Pick<Signals, 'subscribe'>; log: Log },
  onRecovered: () => void,
): Loop {
  async function maintain(): Promise<boolean> {
    if (!(await isUpkeepDue(deps.sql))) return false;
    const [parked, recovered] = await Promise.allSettled([
      parkDeliveries(deps.sql, pageSize),
      recoverDeliveries(deps.sql, pageSize),
    ]);
    if (recovered.status === 'fulfilled' && recovered.value > 0) onRecovered();
    for (const outcome of [parked, recovered]) if (outcome.status === 'rejected') throw outcome.reason;
    return [parked, recovered].some((outcome) => outcome.status === 'fulfilled' && outcome.value > 0);
  }
  const loop = startLoop(intervalMs, maintain, deps.log, 'delivery upkeep');
  deps.signals.subscribe('endpoints', loop.wake);
  return loop;
}
