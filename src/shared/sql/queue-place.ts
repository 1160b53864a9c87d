import type { QueuePlace } from '../domain/queue-place.ts';
import type { Database } from './database.ts';

/** What is further back is only said to be there. */
const aheadMax = 10_000;
/** How much of the account's statement is looked at, from its end. */
const entriesMax = 500;
const latelyMinutes = 5;

/** The place of a job in the queue: null when it does not wait, all zeros ahead when it has its ticket. Reads two indexes, never the backlog. */
export async function findQueuePlace(sql: Database, jobId: string): Promise<QueuePlace | null> {
  const [row] = await sql<(Omit<QueuePlace, 'isAtLeast'> & { ahead: number })[]>`
    select
      case j.state when 'ticketed' then 0 else (
        select count(*)::integer from (
          select 1 from jobs b
          where b.state = 'waiting' and b.provider = j.provider and b.account_id = j.account_id and b.lane = j.lane
            and (b.run_at, b.id) < (j.run_at, j.id)
          limit ${aheadMax}
        ) before
      ) end as ahead,
      l.ended as "endedLately", l.since as "endedSince", j.run_at as "runAt"
    from jobs j
    cross join lateral (
      select count(*)::integer as ended, min(e.created_at) as since
      from (
        select created_at, type from entries
        where account_id = j.account_id order by id desc limit ${entriesMax}
      ) e
      where e.type = 'release' and e.created_at > now() - make_interval(mins => ${latelyMinutes})
    ) l
    where j.id = ${jobId} and j.state in ('waiting', 'ticketed')`;
  return row === undefined ? null : { ...row, isAtLeast: row.ahead >= aheadMax };
}
