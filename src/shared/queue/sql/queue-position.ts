import type { Database } from '../../platform/postgres/database.ts';
import type { QueuePosition } from '../rules/queue-position.ts';

/** What is further back is only said to be there. */
const aheadMax = 10_000;
/** How much of the account's statement is looked at, from its end. */
const entriesMax = 500;
const latelyMinutes = 5;

type PositionRow = Omit<QueuePosition, 'isAtLeast'> & { id: string };

/**
 * The places in the queue of those of an account's jobs that wait, by id; those that have their tickets come
 * first. Reads indexes only: of each queue what is ticketed, and what waits as far back as the last of these
 * jobs and no further than `aheadMax`, never the backlog.
 */
export async function findQueuePositions(
  sql: Database,
  accountId: string,
  jobIds: string[],
): Promise<Map<string, QueuePosition>> {
  const rows = await sql<PositionRow[]>`
    with asked as materialized (
      select j.id, j.state, j.provider, j.lane, j.run_at, coalesce(j.queued_at, j.run_at) as queued_at
      from jobs j
      where j.id = any (${jobIds}::text[]) and j.account_id = ${accountId}
        and j.state in ('waiting', 'ticketed')
    ),
    ticketed as materialized (
      select t.id, t.provider, t.lane,
        row_number() over (partition by t.provider, t.lane order by coalesce(t.queued_at, t.run_at),
        t.id) as place
      from (select distinct provider, lane from asked) q
      join jobs t on t.provider = q.provider and t.account_id = ${accountId} and t.lane = q.lane
        and t.state in ('ticketed', 'running')
      where t.state = 'ticketed'
    ),
    waiting as materialized (
      select w.id, w.place - 1 as n
      from (select provider, lane, max(queued_at) as until from asked group by provider, lane) q
      cross join lateral (
        select b.id, row_number() over (order by coalesce(b.queued_at, b.run_at), b.id) as place
        from jobs b
        where b.state = 'waiting' and b.provider = q.provider and b.account_id = ${accountId}
          and b.lane = q.lane
          and coalesce(b.queued_at, b.run_at) <= q.until
        order by coalesce(b.queued_at, b.run_at), b.id
        limit ${aheadMax}
      ) w
      where w.id = any (${jobIds}::text[])
    ),
    placed as materialized (
      select t.id, t.place - 1 as ahead from ticketed t
      union all
      select a.id, coalesce(w.n, ${aheadMax})
        + (select count(*) from ticketed t where t.provider = a.provider and t.lane = a.lane)
      from asked a left join waiting w on w.id = a.id
      where a.state = 'waiting'
    )
    select a.id, p.ahead::integer as ahead,
      l.ended as "endedLately", l.since as "endedSince", a.run_at as "runAt",
      (
        exists (select from paused_providers where name = a.provider)
        or exists (select from accounts where id = ${accountId} and paused)
      ) as "isPaused"
    from asked a
    join placed p on p.id = a.id
    cross join (
      select count(*)::integer as ended, min(e.created_at) as since
      from (
        select created_at, type from entries
        where account_id = ${accountId} order by id desc limit ${entriesMax}
      ) e
      where e.type = 'release' and e.created_at > now() - make_interval(mins => ${latelyMinutes})
    ) l`;
  return new Map(
    rows.map(({ id, ahead, ...rest }) => [
      id,
      { ...rest, ahead: Math.min(ahead, aheadMax), isAtLeast: ahead >= aheadMax },
    ]),
  );
}
