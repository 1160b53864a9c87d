import type { Database, Transaction } from '../../platform/postgres/database.ts';

/** A request to send an endpoint again what it has not had. */
export type Recovery = { id: string; endpointId: string; since: Date; createdAt: Date };

/** Stores the request; any delivery worker carries it out page by page. */
export async function insertRecovery(
  tx: Transaction,
  recovery: { id: string; accountId: string; endpointId: string; since: Date },
): Promise<Recovery> {
  const { id, accountId, endpointId, since } = recovery;
  const [row] = await tx<Recovery[]>`
    insert into webhook_recoveries (id, account_id, endpoint_id, since, reached_at)
    values (${id}, ${accountId}, ${endpointId}, ${since}, ${since})
    returning id, endpoint_id as "endpointId", since, created_at as "createdAt"`;
  if (row === undefined) throw new Error('an insert of a recovery returned no row');
  return row;
}

/** Whether there is anything to recover or to park. */
export async function isUpkeepDue(sql: Database): Promise<boolean> {
  const [row] = await sql<{ isDue: boolean }[]>`
    select exists (select from webhook_recoveries where done_at is null)
      or exists (
        select from webhook_endpoints e join deliveries d on d.receiver = e.id and d.state = 'pending'
        where e.state <> 'enabled'
      ) as "isDue"`;
  return row?.isDue ?? false;
}

/**
 * One page of one recovery, of the account that has waited longest for one: exhausted and held deliveries
 * become pending again, each with a whole chain of tries. Page and progress commit together. Returns how many
 * deliveries it looked at; 0 when nothing is to be recovered.
 */
export async function recoverDeliveries(sql: Database, limit: number): Promise<number> {
  const [page] = await sql<{ looked: number }[]>`
    with recovery as (
      select * from webhook_recoveries w
      where w.done_at is null
      order by (select max(t.paged_at) from webhook_recoveries t
      where t.account_id = w.account_id) nulls first, w.id
      limit 1
      for update skip locked
    ),
    page as (
      select d.id, d.created_at
      from recovery r
      cross join lateral (
        select d.id, d.created_at from deliveries d
        where d.endpoint_id = r.endpoint_id and d.state in ('exhausted', 'held')
          and (d.created_at, d.id) > (r.reached_at, r.reached_id) and d.created_at <= r.created_at
        order by d.created_at, d.id
        limit ${limit}
      ) d
    ),
    renewed as (
      update deliveries d
      set state = 'pending', tries = 0, next_attempt_at = now(), finished_at = null
      where d.id = any (array(select id from page)) and d.state in ('exhausted', 'held') and d.body <> ''
      returning d.id
    ),
    reached as (
      select max(p.created_at) as at, (array_agg(p.id order by p.created_at desc, p.id desc))[1] as id,
        count(*)::integer as looked
      from page p
    ),
    noted as (
      update webhook_recoveries w
      set reached_at = coalesce(p.at, w.reached_at), reached_id = coalesce(p.id, w.reached_id),
        paged_at = clock_timestamp(), recovered = w.recovered + (select count(*) from renewed)::integer,
        done_at = case when p.looked < ${limit} then now() end
      from recovery r, reached p
      where w.id = r.id
      returning w.id
    )
    select greatest(p.looked, 1) as looked from reached p, noted`;
  return page?.looked ?? 0;
}

/**
 * Takes a page of what is pending for endpoints that take nothing out of the way: held for one that is
 * disabled, given up for one that was deleted. What is being posted at this moment is left alone. Returns how
 * many.
 */
export async function parkDeliveries(sql: Database, limit: number): Promise<number> {
  const rows = await sql`
    update deliveries d
    set state = (select case e.state when 'deleted' then 'exhausted' else 'held' end
        from webhook_endpoints e where e.id = d.endpoint_id),
      next_attempt_at = null, finished_at = now(), lease_token = null, lease_until = null
    where d.id = any (array(
      select p.id
      from webhook_endpoints e
      cross join lateral (
        select p.id from deliveries p
        where p.receiver = e.id and p.state = 'pending' and coalesce(p.lease_until, now()) <= now()
        order by p.next_attempt_at, p.id
        limit ${limit}
      ) p
      where e.state <> 'enabled'
      limit ${limit}
    )) and d.state = 'pending' and coalesce(d.lease_until, now()) <= now()`;
  return rows.count;
}
