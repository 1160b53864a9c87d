import type { Log } from '../../shared/platform/log.ts';
import { startLoop } from '../../shared/platform/loop.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { extendDeliveries } from '../../shared/webhooks/sql/claim-deliveries.ts';

export type DeliveryLeases = {
  /** Keeps the lease of a delivery while the work goes on. */
  during(id: string, token: string, work: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
};

/** Extends the leases of all deliveries that this process tries, in one statement, three times a lease. */
export function startDeliveryLeases(deps: { sql: Database; log: Log }, leaseSeconds: number): DeliveryLeases {
  /** The token that each delivery was claimed with. */
  const tokens = new Map<string, string>();

  async function extend(): Promise<undefined> {
    if (tokens.size > 0) await extendDeliveries(deps.sql, tokens, leaseSeconds);
  }

  const loop = startLoop((leaseSeconds * 1000) / 3, extend, deps.log, 'delivery leases');
  return {
    during: async (id, token, work) => {
      tokens.set(id, token);
      try {
        await work();
      } finally {
        if (tokens.get(id) === token) tokens.delete(id);
      }
    },
    stop: loop.stop,
  };
}
