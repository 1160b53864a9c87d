import type { Gateway } from './gateway.ts';

/**
 * Owes `count` deliveries, due now, to these receivers in turn, each a copy of `templateId` with its own
 * event.
 */
export async function fillDeliveries(
  { sql }: Gateway,
  templateId: string,
  urls: string[],
  count: number,
): Promise<void> {
  await sql.query(
    `insert into deliveries (id, account_id, event_id, event_type, job_id, url, body)
    select 'dlv_' || n.id, t.account_id, 'evt_' || n.id, t.event_type, t.job_id, n.url, t.body
    from deliveries t, (
      select replace(uuidv7()::text, '-', '') as id, ($2::text[])[1 + i % cardinality($2::text[])] as url
      from generate_series(1, $3::integer) i
    ) n
    where t.id = $1`,
    [templateId, urls, count],
  );
}
