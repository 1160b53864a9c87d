import { setTimeout as sleep } from 'node:timers/promises';
import { alternate } from '../alternate.ts';
import { fillDeliveries } from '../fill-deliveries.ts';
import { type Gateway, openGateway } from '../gateway.ts';
import type { Ground } from '../ground.ts';
import type { BenchSize } from '../options.ts';
import { type Part, runTool, startPart } from '../part.ts';
import type { FetchPlan, FetchResult } from '../processes/fetch-loop.ts';
import type { FigureResult, Row } from '../row.ts';
import { databaseNow } from '../settled.ts';
import { submitJob } from '../submit-job.ts';

type Site = { gateway: Gateway; worker: Part; urls: string[]; template: { id: string; body: string } };
type Sent = { perSecond: number; cpuMs: number };

/**
 * One worker process keeps 8 places for one receiver and has 128 in all: what each of the two says about its
 * speed.
 */
const kinds = [
  { name: 'one receiver', receivers: 1, atOnce: 8 },
  { name: '16 receivers', receivers: 16, atOnce: 128 },
];
const pollMs = 25;
const maxWaitMs = 5 * 60_000;

/**
 * Webhooks per second that one worker process signs, posts and keeps a record of, beside a loop of `fetch` to
 * the same receiver.
 */
export async function measureWebhooks(ground: Ground, size: BenchSize): Promise<FigureResult> {
  const receiver = await startPart(ground.workshop, 'receiver', {
    script: 'dist-tools/tools/bench/processes/receiver.js',
    args: [String(Math.max(...kinds.map(({ receivers }) => receivers)))],
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const urls = receiver.url.split(' ');
  const gateway = await openGateway(ground, 'webhooks');
  const [key = ''] = await gateway.openAccounts(['owed']);
  const worker = await gateway.startWorker(10);
  const site: Site = {
    gateway,
    worker,
    urls,
    template: await submissionTemplate(gateway, key, urls[0] ?? ''),
  };
  const { deliveries, rounds } = size.webhooks;
  const posted = { byWorker: 1, byLoop: 0 };
  const rows: Row[] = [];
  await deliver(site, urls, deliveries);
  posted.byWorker += deliveries;
  for (const { name, receivers, atOnce } of kinds) {
    const chosen = urls.slice(0, receivers);
    const { gateway: sent, loop } = await alternate(rounds, {
      gateway: async () => {
        posted.byWorker += deliveries;
        return await deliver(site, chosen, deliveries);
      },
      loop: async () => {
        const before = await countReceived(urls);
        const plan: FetchPlan = { urls: chosen, body: site.template.body, posts: deliveries, atOnce };
        const result = await runTool<FetchResult>(ground.workshop, 'fetch-loop', plan);
        posted.byLoop += (await countReceived(urls)) - before;
        return result;
      },
    });
    rows.push(
      {
        figure: `webhooks to ${name}`,
        name: 'delivered, each try on record',
        unit: 'per s',
        values: sent.map(({ perSecond }) => perSecond),
        baseline: {
          name: `fetch, ${atOnce} at once`,
          values: loop.map(({ perSecond }) => perSecond),
        },
      },
      {
        figure: `webhooks to ${name}`,
        name: 'CPU of the worker process per delivery',
        unit: 'ms',
        values: sent.map(({ cpuMs }) => cpuMs),
        baseline: { name: 'fetch loop per post', values: loop.map(({ cpuMsPerPost }) => cpuMsPerPost) },
      },
    );
  }
  const broken = await gateway.check({ owed: 1 });
  broken.push(...(await findUndelivered(site, posted)));
  await Promise.all([worker.stop(), receiver.stop()]);
  await gateway.close();
  return { rows, broken };
}

/** A delivery as the gateway owes it for a job; the others are copies of it. */
async function submissionTemplate(gateway: Gateway, key: string, url: string): Promise<Site['template']> {
  await submitJob(gateway, key, { webhook_url: url });
  await untilDelivered(gateway, 1);
  const { rows } = await gateway.sql.query<Site['template']>('select id, body from deliveries');
  return rows[0] ?? { id: '', body: '' };
}

async function deliver({ gateway, worker, template }: Site, urls: string[], count: number): Promise<Sent> {
  const since = await databaseNow(gateway);
  const cpuBefore = worker.usage().cpuMs;
  await fillDeliveries(gateway, template.id, urls, count);
  await untilDelivered(gateway, 0);
  const cpuMs = worker.usage().cpuMs - cpuBefore;
  const { rows } = await gateway.sql.query<{ seconds: number }>(
    `select extract(epoch from max(d.finished_at) - min(a.at))::double precision as seconds
    from deliveries d join delivery_attempts a on a.delivery_id = d.id where d.created_at >= $1`,
    [since],
  );
  return { perSecond: count / (rows[0]?.seconds ?? Number.NaN), cpuMs: cpuMs / count };
}

/**
 * Waits until there are at least so many deliveries and none is pending; those that never end are found at
 * the end.
 */
async function untilDelivered({ sql }: Gateway, atLeast: number): Promise<void> {
  const giveUpAt = Date.now() + maxWaitMs;
  while (Date.now() < giveUpAt) {
    const { rows } = await sql.query<{ is_done: boolean }>(
      `select not exists (select 1 from deliveries where state = 'pending')
        and (select count(*) from (select 1 from deliveries limit $1) d) >= $1 as is_done`,
      [atLeast],
    );
    if (rows[0]?.is_done) return;
    await sleep(pollMs);
  }
}

async function findUndelivered(
  { gateway, urls }: Site,
  posted: { byWorker: number; byLoop: number },
): Promise<string[]> {
  const { rows } = await gateway.sql.query<{ n: number }>(
    "select count(*)::integer as n from deliveries where state = 'delivered'",
  );
  const delivered = rows[0]?.n ?? 0;
  const received = (await countReceived(urls)) - posted.byLoop;
  return [
    ...(delivered < posted.byWorker ? [`${posted.byWorker} webhooks were owed, ${delivered} delivered`] : []),
    ...(received < delivered ? [`${delivered} webhooks were delivered, ${received} received`] : []),
  ];
}

async function countReceived([url = '']: string[]): Promise<number> {
  return Number(await (await fetch(url)).text());
}
