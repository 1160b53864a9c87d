import { attemptId } from '../../src/shared/ids.ts';
import type { Database } from '../../src/shared/platform/postgres/database.ts';
import type { Facts } from './evidence.ts';

/**
 * The whole story of a job, a line for each thing anybody wrote down about it: its submission as the client
 * saw it, its row, attempts, calls as the provider metered them, entries, charge, deliveries and their
 * attempts, webhooks as they came. Without `witnesses` only what the database has.
 */
export async function historyOf(
  sql: Database,
  jobId: string,
  witnesses: Pick<Facts, 'clients' | 'meter' | 'received'> = { clients: [], meter: [], received: [] },
): Promise<string[]> {
  const [jobs, attempts, entries, charges, deliveries, posts] = await Promise.all([
    sql`select * from jobs where id = ${jobId}`,
    sql`select * from attempts where job_id = ${jobId} order by number`,
    sql`select * from entries where job_id = ${jobId} order by id`,
    sql`select * from charges where job_id = ${jobId}`,
    sql`select * from deliveries where job_id = ${jobId} order by id`,
    sql`
      select a.* from delivery_attempts a join deliveries d on d.id = a.delivery_id
      where d.job_id = ${jobId} order by a.delivery_id, a.number`,
  ]);
  const submissions = witnesses.clients.flatMap((client) =>
    client.submissions.filter((one) => one.jobId === jobId),
  );
  const cancellations = witnesses.clients.flatMap((client) =>
    client.cancellations.filter((one) => one.jobId === jobId),
  );
  const events = new Set(deliveries.map((delivery) => delivery['event_id'] as string));
  return [
    ...submissions.map((submission) => show('submitted', submission)),
    ...cancellations.map((cancellation) => show('cancelled', cancellation)),
    ...jobs.map((job) => show('job', job)),
    ...attempts.map((attempt) => show('attempt', attempt)),
    ...witnesses.meter.filter(isCallOf(jobId)).map((call) => show('metered', call)),
    ...entries.map((entry) => show('entry', entry)),
    ...charges.map((charge) => show('charge', charge)),
    ...deliveries.map((delivery) => show('delivery', delivery)),
    ...posts.map((post) => show('posted', post)),
    ...witnesses.received
      .filter(({ id }) => events.has(id))
      .map((webhook) => show('received', { ...webhook, body: webhook.body.toString() })),
  ];
}

function isCallOf(jobId: string): (call: { attempt_id: string | null }) => boolean {
  const prefix = attemptId(jobId, 0).slice(0, -1);
  return ({ attempt_id: id }) => id?.startsWith(prefix) ?? false;
}

/** Without what is null, which says nothing. */
function show(what: string, row: object): string {
  const shown = JSON.stringify(row, (_, value: unknown) => {
    if (value === null) return undefined;
    return typeof value === 'bigint' ? Number(value) : value;
  });
  return `${what} ${shown}`;
}
