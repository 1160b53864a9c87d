import { asJson, type Database, type Sql } from '../../platform/postgres/database.ts';
import type { DeliveryDecision, EndpointThresholds, PostResult } from '../rules/delivery.ts';
import { stateAfter } from '../rules/transitions.ts';
import { endpointChanges } from './endpoint-health.ts';

/** A delivery in the hands of one worker until its lease ends. */
export type ClaimedDelivery = {
  id: string;
  accountId: string;
  eventId: string;
  /** Null for a job's own URL. */
  endpointId: string | null;
  /** Endpoint or host: what a share of the slots is kept for. */
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
  /**
   * How many of the slots of each receiver are taken: by what is under way in this process, or kept from it.
   */
  busy: ReadonlyMap<string, number>;
  /** What the claim before has `reached`; empty to begin with. */
  after: string;
};

/**
 * Takes due deliveries, fairly between receivers, and counts the tries; the next claim goes on after
 * `reached`. See migrations/functions/claim_deliveries.sql.
 */
export async function claimDeliveries(
  sql: Sql,
  options: ClaimOptions,
): Promise<{ deliveries: ClaimedDelivery[]; reached: string }> {
  const busy = [...options.busy];
  const rows = await sql<((ClaimedDelivery | { id: null }) & { reached: string })[]>`
    select id, account_id as "accountId", event_id as "eventId", endpoint_id as "endpointId", receiver, url,
      body, attempt,
      tries, is_probe as "isProbe", secret, secret_previous as "previousSecret", reached
    from claim_deliveries(
      ${options.token}, ${options.leaseSeconds}, ${options.limit}, ${options.perReceiver},
      ${busy.map(([receiver]) => receiver)}::text[], ${busy.map(([, n]) => n)}::integer[], ${options.after}
    )`;
  const deliveries = rows.flatMap(({ reached: _, ...row }) => (row.id === null ? [] : [row]));
  return { deliveries, reached: rows[0]?.reached ?? '' };
}

/** In how many ms the next delivery is due, 0 or less when one is; null when none is owed. */
export async function msUntilDelivery(sql: Database): Promise<number | null> {
  const [row] = await sql<{ ms: number }[]>`
    select extract(epoch from next_attempt_at - now())::double precision * 1000 as ms
    from deliveries where state = 'pending' order by next_attempt_at limit 1`;
  return row?.ms ?? null;
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
  decision: DeliveryDecision;
};

export type RecordedTries = {
  /** For each try, in order: its lease still held. */
  inTime: boolean[];
  /** Endpoints that these tries were the last straw for. */
  disabled: { id: string; reason: 'gone' | 'failing' }[];
};

/**
 * Records many tries, and what they say of their endpoints. One that comes too late changes nothing.
 * Deliveries are locked in the order of their ids, as where their leases are extended, so that the two never
 * wait for each other in a circle.
 */
export async function recordDeliveries(
  sql: Database,
  records: DeliveryRecord[],
  thresholds: EndpointThresholds,
): Promise<RecordedTries> {
  const rows = records.map(({ id, token, attempt, isProbe, result, decision }, ord) => ({
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
    state: stateAfter(decision),
    delay_ms: decision.kind === 'again' ? decision.delayMs : null,
  }));
  const answers = await sql<({ ord: number } | { ord: null; id: string; reason: 'gone' | 'failing' })[]>`
    with records as (
      select * from json_to_recordset(${asJson(rows)}) as r (
        ord integer, id text, token text, attempt integer, is_probe boolean, outcome text,
        status_code integer, error text,
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
    ${endpointChanges(sql, thresholds)}
    select ord, null as id, null as reason from moved
    union all
    select null, id, reason from updated_endpoints where reason is not null`;
  const done = new Set(answers.map(({ ord }) => ord));
  return {
    inTime: records.map((_, ord) => done.has(ord)),
    disabled: answers.flatMap((row) => (row.ord === null ? [{ id: row.id, reason: row.reason }] : [])),
  };
}

/**
 * Gives a delivery back unsent or with its fate unknown, to be tried at once by somebody else; the try is not
 * counted.
 */
export async function releaseDelivery(
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
