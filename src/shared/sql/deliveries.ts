import type { DeliveryMove, Posted } from '../domain/delivery.ts';
import type { Database } from './database.ts';

/** A delivery claimed for one try. `tries` counts this one. */
export type DueDelivery = {
  id: string;
  accountId: string;
  eventId: string;
  jobId: string | null;
  url: string;
  host: string;
  body: string;
  tries: number;
  /** Of them, those since the last replay. */
  triesOfChain: number;
  leaseToken: string;
};

/** Longer than any try, so that a delivery is posted twice at once only when a process stalls. */
const leaseSeconds = 60;

/**
 * Claims what is due, at most `perHost` for each host and none for those that are busy, and opens the attempt of each in the
 * same statement. A try whose lease ended without a record is closed as unknown.
 */
export async function claimDeliveries(
  sql: Database,
  claim: { limit: number; perHost: number; busyHosts: string[]; leaseToken: string },
): Promise<DueDelivery[]> {
  return await sql<DueDelivery[]>`
    with due as (
      select d.id, substring(d.url from '^[a-z]+://([^/?#]+)') as host, d.next_attempt_at
      from deliveries d
      where d.state = 'pending' and d.next_attempt_at <= now() and (d.lease_until is null or d.lease_until < now())
      order by d.next_attempt_at
      limit ${claim.limit * 20}
    ),
    ranked as (
      select id, host, row_number() over (partition by host order by next_attempt_at, id) as place
      from due where not (host = any (${claim.busyHosts}::text[]))
    ),
    chosen as (
      select d.id, r.host
      from ranked r join deliveries d on d.id = r.id
      where r.place <= ${claim.perHost} and d.state = 'pending' and (d.lease_until is null or d.lease_until < now())
      order by r.place, d.id
      limit ${claim.limit}
      for update of d skip locked
    ),
    forgotten as (
      update delivery_attempts a set outcome = 'unknown', error = 'the process that made this try was lost'
      from chosen c where a.delivery_id = c.id and a.outcome = 'started'
    ),
    claimed as (
      update deliveries d
      set tries = d.tries + 1, lease_token = ${claim.leaseToken},
        lease_until = now() + make_interval(secs => ${leaseSeconds})
      from chosen c where d.id = c.id
      returning d.id, d.account_id, d.event_id, d.job_id, d.url, c.host, d.body, d.tries, d.tries - d.tries_before as tries_of_chain,
        d.lease_token
    ),
    opened as (
      insert into delivery_attempts (delivery_id, number) select id, tries from claimed
    )
    select id, account_id as "accountId", event_id as "eventId", job_id as "jobId", url, host, body, tries,
      tries_of_chain as "triesOfChain", lease_token as "leaseToken"
    from claimed`;
}

/** Records what a try came to and moves its delivery, if the lease is still the caller's. */
export async function recordDelivery(
  sql: Database,
  record: { delivery: DueDelivery; posted: Posted; move: DeliveryMove },
): Promise<void> {
  const { delivery, posted, move } = record;
  const state = move.kind === 'again' ? 'pending' : move.kind;
  const delaySeconds = move.kind === 'again' ? move.delayMs / 1000 : null;
  let outcome = move.kind === 'delivered' ? 'delivered' : 'failed';
  if (posted.blocked) outcome = 'blocked';
  await sql`
    with moved as (
      update deliveries
      set state = ${state}, lease_token = null, lease_until = null,
        next_attempt_at = now() + make_interval(secs => ${delaySeconds}::double precision),
        finished_at = case when ${state} = 'pending' then null else now() end
      where id = ${delivery.id} and lease_token = ${delivery.leaseToken}
      returning id
    )
    update delivery_attempts
    set outcome = ${outcome}, status_code = ${posted.statusCode}, error = ${posted.error},
      duration_ms = ${posted.durationMs}, remote_ip = ${posted.remoteIp}
    where delivery_id in (select id from moved) and number = ${delivery.tries}`;
}

/** A delivery as its owner sees it, with every try. */
export type DeliveryRow = {
  id: string;
  event_id: string;
  event_type: string;
  url: string;
  endpoint_id: string | null;
  state: string;
  next_attempt_at: Date | null;
  created_at: Date;
  attempts: DeliveryAttempt[];
};

export type DeliveryAttempt = {
  at: string;
  status_code: number | null;
  error: string | null;
  duration_ms: number | null;
  remote_ip: string | null;
  outcome: string;
};

const deliveryColumns = (sql: Database) => sql`
  d.id, d.event_id, d.event_type, d.url, d.endpoint_id, d.state, d.next_attempt_at, d.created_at,
  coalesce((
    select jsonb_agg(jsonb_build_object('at', a.at, 'status_code', a.status_code, 'error', a.error,
      'duration_ms', a.duration_ms, 'remote_ip', a.remote_ip, 'outcome', a.outcome) order by a.number)
    from delivery_attempts a where a.delivery_id = d.id
  ), '[]') as attempts`;

/** Deliveries of one account, newest first, one more than `limit`. */
export async function listDeliveries(
  sql: Database,
  filter: { accountId: string; jobId: string | null; after: string | null; limit: number },
): Promise<DeliveryRow[]> {
  return await sql<DeliveryRow[]>`
    select ${deliveryColumns(sql)}
    from deliveries d
    where d.account_id = ${filter.accountId}
      and (${filter.jobId}::text is null or d.job_id = ${filter.jobId})
      and (${filter.after}::text is null or d.id < ${filter.after})
    order by d.id desc limit ${filter.limit + 1}`;
}

/** One delivery of an account, or null. */
export async function findDelivery(
  sql: Database,
  accountId: string,
  id: string,
): Promise<DeliveryRow | null> {
  const [row] = await sql<DeliveryRow[]>`
    select ${deliveryColumns(sql)} from deliveries d where d.id = ${id} and d.account_id = ${accountId}`;
  return row ?? null;
}

/** Begins the schedule of a delivery anew: the same bytes under the same event id, now. False when it is not there. */
export async function replayDelivery(sql: Database, accountId: string, id: string): Promise<boolean> {
  const rows = await sql`
    with replayed as (
      update deliveries
      set state = 'pending', next_attempt_at = now(), tries_before = tries, finished_at = null, lease_token = null, lease_until = null
      where id = ${id} and account_id = ${accountId} and body <> ''
      returning id
    )
    select id from replayed`;
  return rows.length === 1;
}
