import type { Database, Sql } from '../../platform/postgres/database.ts';
import type { DeliveryState } from '../rules/transitions.ts';

/** A delivery as its account may look at it. */
export type DeliveryRow = {
  id: string;
  eventId: string;
  eventType: string;
  jobId: string | null;
  batchId: string | null;
  endpointId: string | null;
  url: string;
  state: DeliveryState;
  nextAttemptAt: Date | null;
  createdAt: Date;
  attempts: {
    at: string;
    outcome: string;
    status_code: number | null;
    error: string | null;
    duration_ms: number | null;
    remote_ip: string | null;
  }[];
};

const rowColumns = (sql: Sql) => sql`
  d.id, d.event_id as "eventId", d.event_type as "eventType", d.job_id as "jobId", d.batch_id as "batchId",
  d.endpoint_id as "endpointId", d.url, d.state, d.next_attempt_at as "nextAttemptAt",
  d.created_at as "createdAt",
  coalesce((
    select json_agg(json_build_object('at', a.at, 'outcome', a.outcome, 'status_code', a.status_code, 'error',
      a.error,
      'duration_ms', a.duration_ms, 'remote_ip', a.remote_ip) order by a.number)
    from delivery_attempts a where a.delivery_id = d.id
  ), '[]') as attempts`;

export type DeliveryFilter = {
  accountId: string;
  jobId: string | null;
  endpointId: string | null;
  state: string | null;
  after: string | null;
  limit: number;
};

/** Deliveries of one account, newest first, one more than `limit`. */
export async function listDeliveries(sql: Database, filter: DeliveryFilter): Promise<DeliveryRow[]> {
  return await sql<DeliveryRow[]>`
    select ${rowColumns(sql)}
    from deliveries d
    where d.account_id = ${filter.accountId}
      ${filter.jobId === null ? sql`` : sql`and d.job_id = ${filter.jobId}`}
      ${filter.endpointId === null ? sql`` : sql`and d.endpoint_id = ${filter.endpointId}`}
      ${filter.state === null ? sql`` : sql`and d.state = ${filter.state}`}
      ${filter.after === null ? sql`` : sql`and d.id < ${filter.after}`}
    order by d.id desc
    limit ${filter.limit + 1}`;
}

/** One delivery of one account with every attempt, or null. */
export async function findDelivery(sql: Sql, accountId: string, id: string): Promise<DeliveryRow | null> {
  const [row] = await sql<DeliveryRow[]>`
    select ${rowColumns(sql)} from deliveries d where d.id = ${id} and d.account_id = ${accountId}`;
  return row ?? null;
}

/**
 * Starts a new chain of tries with the same event id and the same bytes. False when the delivery is being
 * sent at this moment, is not there, its body was erased, or its endpoint takes nothing.
 */
export async function restartDelivery(sql: Sql, accountId: string, id: string): Promise<boolean> {
  const rows = await sql`
    update deliveries
    set state = 'pending', tries = 0, next_attempt_at = now(), finished_at = null, lease_token = null,
      lease_until = null
    where id = ${id} and account_id = ${accountId} and body <> '' and coalesce(lease_until, now()) <= now()
      and not exists (select 1 from webhook_endpoints e where e.id = endpoint_id and e.state <> 'enabled')
    returning id`;
  return rows.length > 0;
}
