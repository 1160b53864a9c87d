import type { ClientRecord, OrderHistory } from '../client-record.ts';
import type { StoredJob } from '../stored-facts.ts';

/**
 * The order of a job, by its words; or by its id, where nothing is kept of what a job was asked that never
 * ran.
 */
export function orderFinder(clients: ClientRecord[]): (job: StoredJob) => OrderHistory | undefined {
  const orders = clients.flatMap((client) => client.orders);
  const byCanary = new Map(orders.map((order) => [order.canary, order]));
  const byJobId = new Map(
    orders.flatMap((order) => (order.jobId === null ? [] : [[order.jobId, order] as const])),
  );
  return ({ id, canary }) => (canary === null ? byJobId.get(id) : byCanary.get(canary));
}
