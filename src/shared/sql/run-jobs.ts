import type { Announced } from '../domain/job.ts';
import { windowOf } from '../domain/window.ts';
import type { Database } from './database.ts';

/** What names a ticket: the job it is for, and the generation it was made for. */
export type TicketKey = { id: string; generation: number };

/** A job released to the queue: what its ticket says. */
export type TicketRow = TicketKey & {
  /** 1 is first. */
  priority: number;
  model: string;
  tokens: number;
};

/**
 * Fills a provider's window from the backlog, fairly; returns what to ticket. `recalled` is how many were taken back just
 * before. See ticket_jobs in the migrations.
 */
export async function ticketJobs(
  sql: Database,
  provider: string,
  capacity: number,
  recalled = 0,
): Promise<TicketRow[]> {
  return await sql<TicketRow[]>`
    select id, generation, priority, target_model as model, tokens_bound as tokens
    from ticket_jobs(${provider}, ${capacity}, ${windowOf(capacity)}, ${recalled})
    order by priority, id`;
}

/** Takes back tickets that are held back by now or have waited for long; see recall_tickets in the migrations. */
export async function recallTickets(sql: Database, provider: string): Promise<TicketKey[]> {
  return await sql<TicketKey[]>`
    select id, generation from recall_tickets(${provider})`;
}

/**
 * Tickets whose job is still ticketed, page by page: all of them, or those older than `olderThanMs`. Their rank is not stored:
 * each has the priority of the first in its lane (see ticket_jobs).
 */
export async function listTicketed(
  sql: Database,
  page: { olderThanMs: number; after: string; limit: number },
): Promise<(TicketRow & { provider: string })[]> {
  return await sql<(TicketRow & { provider: string })[]>`
    select id, generation, ticket_priority(1 + lane, 0) as priority, target_model as model, tokens_bound as tokens, provider
    from jobs
    where state = 'ticketed' and ticketed_at < now() - make_interval(secs => ${page.olderThanMs / 1000})
      and id > ${page.after}
    order by id
    limit ${page.limit}`;
}

/** A claimed job: everything a run needs. `targets` is the stored JSON. */
export type ClaimRow = {
  id: string;
  account_id: string;
  batch_id: string | null;
  attempt: number;
  tries: number;
  max_attempts: number;
  target: number;
  hold_nano: bigint;
  input_tokens_bound: number;
  stream: boolean;
  announces: Announced | null;
  webhook_url: string | null;
  webhook_payload: string;
  metadata: Record<string, string>;
  created_at: Date;
  started_at: Date;
  deadline_at: Date;
  event_seq: number;
  lane: number;
  model: string;
  request: string;
  targets: unknown;
};

/**
 * Claims many jobs for one worker, by their tickets, and writes their attempt rows. Null for a job that is not to be run: done, cancelled,
 * late, or ticketed anew.
 */
export async function claimJobs(
  sql: Database,
  tickets: TicketKey[],
  worker: { id: string; leaseSeconds: number },
): Promise<(ClaimRow | null)[]> {
  const rows = await sql<ClaimRow[]>`
    select * from claim_jobs(
      ${tickets.map((ticket) => ticket.id)}::text[],
      ${tickets.map((ticket) => ticket.generation)}::integer[],
      ${worker.id},
      ${worker.leaseSeconds}
    )`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  const newest = new Map<string, TicketKey>();
  for (const ticket of tickets) {
    // A job was claimed by its newest ticket; an older one beside it, or the same once more, is void.
    if (ticket.generation > (newest.get(ticket.id)?.generation ?? -1)) newest.set(ticket.id, ticket);
  }
  return tickets.map((ticket) => (newest.get(ticket.id) === ticket ? (byId.get(ticket.id) ?? null) : null));
}

/** A ticket to hand back; `onlyElsewhere` means not at all when its job has no other target. */
export type TicketReturn = TicketKey & { delayMs: number; onlyElsewhere: boolean };

/** Hands tickets back to the backlog because the gate stays shut; see return_tickets in the migrations. */
export async function returnTickets(sql: Database, tickets: TicketReturn[]): Promise<boolean[]> {
  const rows = await sql<{ id: string }[]>`
    select id from return_tickets(
      ${tickets.map((ticket) => ticket.id)}::text[],
      ${tickets.map((ticket) => ticket.generation)}::integer[],
      ${tickets.map((ticket) => ticket.delayMs)}::double precision[],
      ${tickets.map((ticket) => ticket.onlyElsewhere)}::boolean[]
    )`;
  const returned = new Set(rows.map((row) => row.id));
  return tickets.map((ticket) => returned.has(ticket.id));
}

/** Takes tickets of a paused provider back to where their jobs were; see withdraw_tickets in the migrations. */
export async function withdrawTickets(sql: Database, tickets: TicketKey[]): Promise<boolean[]> {
  const rows = await sql<{ id: string }[]>`
    select id from withdraw_tickets(
      ${tickets.map((ticket) => ticket.id)}::text[],
      ${tickets.map((ticket) => ticket.generation)}::integer[]
    )`;
  const withdrawn = new Set(rows.map((row) => row.id));
  return tickets.map((ticket) => withdrawn.has(ticket.id));
}

/**
 * Extends the leases of everything a worker runs, in one statement. Returns those still its own, with the wish to cancel
 * if there is one; a run that is not returned lost its job. For a row that is being settled the statement waits, and rightly
 * finds then that it does not run any more.
 */
export async function extendLeases(
  sql: Database,
  runs: { id: string; attempt: number }[],
  leaseSeconds: number,
): Promise<{ id: string; attempt: number; cancel: boolean }[]> {
  return await sql<{ id: string; attempt: number; cancel: boolean }[]>`
    with mine as (
      select j.id
      from unnest(${runs.map((run) => run.id)}::text[], ${runs.map((run) => run.attempt)}::integer[]) as r (id, attempt)
      join jobs j on j.id = r.id
      where j.state = 'running' and j.attempts = r.attempt
      order by j.id
      for no key update of j
    )
    update jobs j
    set lease_until = now() + make_interval(secs => ${leaseSeconds})
    from mine m
    where j.id = m.id
    returning j.id, j.attempts as attempt, j.cancel_requested_at is not null as cancel`;
}

/** Says that a worker process is alive and how much it can run at once. */
export async function recordWorker(
  sql: Database,
  worker: { id: string; concurrency: number },
): Promise<void> {
  await sql`
    insert into workers (id, concurrency) values (${worker.id}, ${worker.concurrency})
    on conflict (id) do update set seen_at = now(), concurrency = excluded.concurrency`;
}

/** Takes a worker that stops out of the count, and forgets those not seen for an hour. */
export async function removeWorker(sql: Database, id: string): Promise<void> {
  await sql`delete from workers where id = ${id} or seen_at < now() - interval '1 hour'`;
}

/** A worker lives while it was seen within a lease; with very short ones, a late sign of life is no death. */
const seenSecondsMin = 3;

/** How many calls to one provider all live workers together can make at once. */
export async function sumConcurrency(
  sql: Database,
  { leaseSeconds }: { leaseSeconds: number },
): Promise<number> {
  const seenWithinSeconds = Math.max(seenSecondsMin, leaseSeconds);
  const [row] = await sql<{ sum: number }[]>`
    select coalesce(sum(concurrency), 0)::integer as sum
    from workers where seen_at > now() - make_interval(secs => ${seenWithinSeconds})`;
  return row?.sum ?? 0;
}

/** The models that are being called or were in the last hour, by provider. */
export async function listBusyModels(sql: Database): Promise<{ provider: string; model: string }[]> {
  return await sql<{ provider: string; model: string }[]>`
    select distinct provider, model from attempts where started_at > now() - interval '1 hour' order by provider, model`;
}
