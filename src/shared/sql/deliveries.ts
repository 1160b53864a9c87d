import type { DeliveryVerdict, EndpointPatience, PostResult } from '../domain/delivery.ts';
import { type DeliveryState, stateAfter } from '../domain/transitions.ts';
import { asJson, type Database, type Transaction } from './database.ts';
import { endpointChanges } from './endpoint-health.ts';

/** A delivery in the hands of one worker until its lease ends. */
export type ClaimedDelivery = {
  id: string;
  accountId: string;
  eventId: string;
  /** Null for a job's own URL. */
  endpointId: string | null;
  /** Endpoint or host: what a share of the places is kept for. */
  receiver: string;
  url: string;
  body: string;
  /** Number of the attempt whose row was written with the claim; counts on over replays. */
  attempt: number;
  /** Tries of the present chain, this one included. */
  tries: number;
  /** The endpoint failed again and again, and this one asks whether it is back. */
  isProbe: boolean;
  /** Sealed secrets of endpoint or account: the present one, and the one before while it still signs. */
  secret: Buffer | null;
  previousSecret: Buffer | null;
};

export type ClaimOptions = {
  token: string;
  leaseSeconds: number;
  limit: number;
  perReceiver: number;
  /** How many of the places of each receiver are taken: by what is under way in this process, or kept from it. */
  busy: ReadonlyMap<string, number>;
  /** What the claim before has `reached`; empty to begin with. */
  after: string;
};

/**
 * Takes due deliveries, fairly between receivers, and counts the tries; the next claim goes on after `reached`. See
 * claim_deliveries in the migrations.
 */
export async function claimDeliveries(
  sql: Database | Transaction,
  options: ClaimOptions,
): Promise<{ deliveries: ClaimedDelivery[]; reached: string }> {
  const busy = [...options.busy];
  const rows = await sql<((ClaimedDelivery | { id: null }) & { reached: string })[]>`
    select id, account_id as "accountId", event_id as "eventId", endpoint_id as "endpointId", receiver, url, body, attempt,
      tries, is_probe as "isProbe", secret, secret_previous as "previousSecret", reached
    from claim_deliveries(
      ${options.token}, ${options.leaseSeconds}, ${options.limit}, ${options.perReceiver},
      ${busy.map(([receiver]) => receiver)}::text[], ${busy.map(([, n]) => n)}::integer[], ${options.after}
    )`;
  const deliveries = rows.flatMap(({ reached: _, ...row }) => (row.id === null ? [] : [row]));
  return { deliveries, reached: rows[0]?.reached ?? '' };
}

/** Keeps the leases of deliveries being tried, by id and token; one that was lost stays lost. */
export async function extendDeliveries(
  sql: Database,
  held: ReadonlyMap<string, string>,
  leaseSeconds: number,
): Promise<void> {
  await sql`
    with mine as (
      select d.id
      from unnest(${[...held.keys()]}::text[], ${[...held.values()]}::text[]) as h (id, token)
      join deliveries d on d.id = h.id and d.lease_token = h.token
      order by d.id
      for no key update of d
    )
    update deliveries d
    set lease_until = now() + make_interval(secs => ${leaseSeconds}),
      next_attempt_at = now() + make_interval(secs => ${leaseSeconds})
    from mine m where d.id = m.id`;
}

/** What one try came to, and what follows. */
export type DeliveryRecord = {
  id: string;
  token: string;
  attempt: number;
  isProbe: boolean;
  result: PostResult;
  verdict: DeliveryVerdict;
};

export type RecordedTries = {
  /** For each try, in order: its lease still held. */
  inTime: boolean[];
  /** Endpoints that these tries were the last straw for. */
  disabled: { id: string; reason: 'gone' | 'failing' }[];
};

/**
 * Records many tries, and what they say of their endpoints. One that comes too late changes nothing. Deliveries are locked in the
 * order of their ids, as where their leases are extended, so that the two never wait for each other in a circle.
 */
export async function recordDeliveries(
  sql: Database,
  records: DeliveryRecord[],
  patience: EndpointPatience,
): Promise<RecordedTries> {
  const rows = records.map(({ id, token, attempt, isProbe, result, verdict }, ord) => ({
    ord,
    id,
    token,
    attempt,
    is_probe: isProbe,
    outcome: result.outcome,
    status_code: result.statusCode,
    error: result.error,
    duration_ms: result.durationMs,
    remote_ip: result.remoteIp,
    state: stateAfter(verdict),
    delay_ms: verdict.kind === 'again' ? verdict.delayMs : null,
  }));
  const said = await sql<({ ord: number } | { ord: null; id: string; reason: 'gone' | 'failing' })[]>`
    with records as (
      select * from json_to_recordset(${asJson(rows)}) as r (
        ord integer, id text, token text, attempt integer, is_probe boolean, outcome text, status_code integer, error text,
        duration_ms integer, remote_ip text, state text, delay_ms double precision
      )
    ),
    mine as (
      select d.id
      from records r join deliveries d on d.id = r.id and d.lease_token = r.token
      order by d.id
      for no key update of d
    ),
    moved as (
      update deliveries d
      set state = r.state, lease_token = null, lease_until = null,
        next_attempt_at = now() + make_interval(secs => r.delay_ms / 1000),
        finished_at = case when r.state = 'pending' then null else now() end
      from mine m join records r on r.id = m.id
      where d.id = m.id
      returning r.*, d.endpoint_id
    ),
    closed as (
      update delivery_attempts a
      set outcome = m.outcome, status_code = m.status_code, error = m.error, duration_ms = m.duration_ms,
        remote_ip = m.remote_ip
      from moved m where a.delivery_id = m.id and a.number = m.attempt
    ),
    ${endpointChanges(sql, patience)}
    select ord, null as id, null as reason from moved
    union all
    select null, id, reason from noticed where reason is not null`;
  const done = new Set(said.map(({ ord }) => ord));
  return {
    inTime: records.map((_, ord) => done.has(ord)),
    disabled: said.flatMap((row) => (row.ord === null ? [{ id: row.id, reason: row.reason }] : [])),
  };
}

/** Gives a delivery back unsent or with its fate unknown, to be tried at once by somebody else; the try is not counted. */
export async function returnDelivery(
  sql: Database,
  claim: { id: string; token: string; attempt: number },
): Promise<void> {
  await sql`
    with returned as (
      update deliveries
      set lease_token = null, lease_until = null, next_attempt_at = now(), tries = greatest(0, tries - 1)
      where id = ${claim.id} and lease_token = ${claim.token}
      returning id
    )
    update delivery_attempts a set outcome = 'unknown', error = 'shutdown'
    from returned r where a.delivery_id = r.id and a.number = ${claim.attempt}`;
}

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

const rowColumns = (sql: Database | Transaction) => sql`
  d.id, d.event_id as "eventId", d.event_type as "eventType", d.job_id as "jobId", d.batch_id as "batchId",
  d.endpoint_id as "endpointId", d.url, d.state, d.next_attempt_at as "nextAttemptAt", d.created_at as "createdAt",
  coalesce((
    select json_agg(json_build_object('at', a.at, 'outcome', a.outcome, 'status_code', a.status_code, 'error', a.error,
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
export async function findDelivery(
  sql: Database | Transaction,
  accountId: string,
  id: string,
): Promise<DeliveryRow | null> {
  const [row] = await sql<DeliveryRow[]>`
    select ${rowColumns(sql)} from deliveries d where d.id = ${id} and d.account_id = ${accountId}`;
  return row ?? null;
}

/**
 * Starts a new chain of tries with the same event id and the same bytes. False when the delivery is being sent at this
 * moment, is not there, its body was erased, or its endpoint takes nothing.
 */
export async function restartDelivery(sql: Transaction, accountId: string, id: string): Promise<boolean> {
  const rows = await sql`
    update deliveries
    set state = 'pending', tries = 0, next_attempt_at = now(), finished_at = null, lease_token = null, lease_until = null
    where id = ${id} and account_id = ${accountId} and body <> '' and coalesce(lease_until, now()) <= now()
      and not exists (select 1 from webhook_endpoints e where e.id = endpoint_id and e.state <> 'enabled')
    returning id`;
  return rows.length > 0;
}
