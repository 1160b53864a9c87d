import type { Database } from '../../platform/postgres/database.ts';

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
export async function deleteWorker(sql: Database, id: string): Promise<void> {
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
    select distinct provider, model from attempts where started_at > now() - interval '1 hour'
    order by provider, model`;
}
