import { randomUUID } from 'node:crypto';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { type ClaimedDelivery, claimDeliveries } from '../../shared/webhooks/sql/claim-deliveries.ts';

export type ClaimDue = (
  limit: number,
  busy: ReadonlyMap<string, number>,
) => Promise<{ token: string; claimed: ClaimedDelivery[] }>;

/**
 * Claims what is due, at most `limit` deliveries and a few of each receiver, under a new token each time. A
 * claim looks at some hundred receivers; where more are owed something, the next claim goes on after those.
 * `busy` has the slots of each receiver that are taken.
 */
export function createClaimDue(
  sql: Database,
  settings: { leaseSeconds: number; perReceiver: number },
): ClaimDue {
  let after = '';
  return async (limit, busy) => {
    const token = randomUUID();
    const { deliveries, reached } = await claimDeliveries(sql, { token, limit, busy, after, ...settings });
    after = reached;
    return { token, claimed: deliveries };
  };
}
