import type { Database } from '../../platform/postgres/database.ts';
import { windowOf } from '../rules/window.ts';

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
 * Fills a provider's window from the backlog, fairly; returns what to ticket. `recalled` is how many were
 * taken back just before. See migrations/functions/ticket_jobs.sql.
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

/** What a provider's backlog holds; `dueInMs` is of the next job that waits for its time, or null. */
export type BacklogLook = { isDue: boolean; isUnderWay: boolean; dueInMs: number | null };

/** Looks at the backlogs of some providers, in their order; see migrations/functions/look_at_backlog.sql. */
export async function lookAtBacklogs(sql: Database, providers: string[]): Promise<BacklogLook[]> {
  const rows = await sql<(BacklogLook & { provider: string })[]>`
    select provider, is_due as "isDue", is_under_way as "isUnderWay", due_in_ms as "dueInMs"
    from look_at_backlog(${providers}::text[])`;
  const looks = new Map(rows.map((row) => [row.provider, row]));
  return providers.map((name) => looks.get(name) ?? { isDue: true, isUnderWay: true, dueInMs: null });
}

/**
 * Takes back tickets that are held back by now or have waited for long; see
 * migrations/functions/revoke_tickets.sql.
 */
export async function revokeTickets(sql: Database, provider: string): Promise<TicketKey[]> {
  return await sql<TicketKey[]>`
    select id, generation from revoke_tickets(${provider})`;
}

/**
 * Tickets whose job is still ticketed, page by page: all of them, or those older than `olderThanMs`. Their
 * rank is not stored: each has the priority of the first in its lane (see ticket_jobs).
 */
export async function listTicketed(
  sql: Database,
  page: { olderThanMs: number; after: string; limit: number },
): Promise<(TicketRow & { provider: string })[]> {
  return await sql<(TicketRow & { provider: string })[]>`
    with in_flight as materialized (
      select * from jobs where state in ('ticketed', 'running')
    )
    select id, generation, ticket_priority(1 + lane, 0) as priority, target_model as model,
      tokens_bound as tokens, provider
    from in_flight
    where state = 'ticketed' and ticketed_at < now() - make_interval(secs => ${page.olderThanMs / 1000})
      and id > ${page.after}
    order by id
    limit ${page.limit}`;
}

/** A ticket to hand back; `onlyElsewhere` means not at all when its job has no other target. */
export type TicketRelease = TicketKey & { delayMs: number; onlyElsewhere: boolean };

/**
 * Hands tickets back to the backlog because the gate stays shut; see
 * migrations/functions/release_tickets.sql.
 */
export async function releaseTickets(sql: Database, tickets: TicketRelease[]): Promise<boolean[]> {
  const rows = await sql<{ id: string }[]>`
    select id from release_tickets(
      ${tickets.map((ticket) => ticket.id)}::text[],
      ${tickets.map((ticket) => ticket.generation)}::integer[],
      ${tickets.map((ticket) => ticket.delayMs)}::double precision[],
      ${tickets.map((ticket) => ticket.onlyElsewhere)}::boolean[]
    )`;
  const returned = new Set(rows.map((row) => row.id));
  return tickets.map((ticket) => returned.has(ticket.id));
}

/**
 * Takes tickets of a paused provider back to where their jobs were; see
 * migrations/functions/withdraw_tickets.sql.
 */
export async function withdrawTickets(sql: Database, tickets: TicketKey[]): Promise<boolean[]> {
  const rows = await sql<{ id: string }[]>`
    select id from withdraw_tickets(
      ${tickets.map((ticket) => ticket.id)}::text[],
      ${tickets.map((ticket) => ticket.generation)}::integer[]
    )`;
  const withdrawn = new Set(rows.map((row) => row.id));
  return tickets.map((ticket) => withdrawn.has(ticket.id));
}
