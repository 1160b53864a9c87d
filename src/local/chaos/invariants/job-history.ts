import { attemptId } from '../../../shared/domain/ids.ts';
import type { Evidence } from './evidence.ts';

/** The whole story of a job, a line for everything anybody wrote down about it. */
export async function jobHistory(
  { sql, meter, client, received, watched }: Evidence,
  jobId: string,
): Promise<string[]> {
  const show = (row: object) =>
    JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
  const [job, attempts, entries, charges, deliveries] = await Promise.all([
    sql`select * from jobs where id = ${jobId}`,
    sql`select * from attempts where job_id = ${jobId} order by number`,
    sql`select * from entries where job_id = ${jobId} order by id`,
    sql`select * from charges where job_id = ${jobId}`,
    sql`select d.id, d.event_id, d.state, d.tries, a.number, a.at, a.outcome, a.status_code, a.error
      from deliveries d left join delivery_attempts a on a.delivery_id = d.id where d.job_id = ${jobId} order by a.number`,
  ]);
  const order = client.history().find((one) => one.jobId === jobId);
  const prefix = attemptId(jobId, 0).slice(0, -1);
  const events = new Set(deliveries.map((row) => row['event_id'] as string));
  return [
    ...(order === undefined ? [] : [`order ${order.body} tries ${show(order.tries)}`]),
    ...job.map((row) => `job ${show(row)}`),
    ...attempts.map((row) => `attempt ${show(row)}`),
    ...meter.filter((call) => call.attempt_id?.startsWith(prefix)).map((call) => `metered ${show(call)}`),
    ...entries.map((row) => `entry ${show(row)}`),
    ...charges.map((row) => `charge ${show(row)}`),
    ...deliveries.map((row) => `delivery ${show(row)}`),
    ...received
      .filter(({ id }) => events.has(id))
      .map(({ id, answered }) => `received ${id}, answered ${answered}`),
    ...watched.filter((one) => one.jobId === jobId).map((one) => `watched ${show(one)}`),
  ];
}
