import { alternate } from '../alternate.ts';
import { fillBacklog, tidy } from '../fill-backlog.ts';
import { type Gateway, openGateway } from '../gateway.ts';
import { type Ground, redisMemoryBytes } from '../ground.ts';
import type { BenchSize } from '../options.ts';
import type { Part } from '../part.ts';
import type { FigureResult, Row } from '../row.ts';
import { databaseNow, settledSince, untilSettled } from '../settled.ts';
import { submitJob } from '../submit-job.ts';

const atOnce = 50;

type Cost = { perSecond: number; cpuMs: number; redisMb: number };
type Site = { waiting: number; gateway: Gateway; templateId: string; placed: number };

/**
 * What it costs to settle the jobs of one account while another has many waiting: the same with nothing
 * waiting is the baseline. The waiting account may run one job at a time, so that its backlog stays while the
 * other's jobs are counted.
 */
export async function measureBacklog(ground: Ground, size: BenchSize): Promise<FigureResult> {
  const sites = new Map<number, Site>();
  for (const waiting of [0, ...size.backlog.sizes]) sites.set(waiting, await prepare(ground, waiting));
  const broken: string[] = [];
  const measured = await alternate<Record<string, Cost>>(
    size.backlog.rounds,
    Object.fromEntries(
      [...sites.values()].map((site) => [
        String(site.waiting),
        () => settleBeside(site, size.backlog.jobs, broken),
      ]),
    ),
  );
  for (const { gateway, waiting, placed } of sites.values()) {
    const problems = await gateway.check({ heavy: waiting, light: placed });
    broken.push(...problems);
    await gateway.close();
  }
  const pick = (waiting: number, field: keyof Cost) =>
    (measured[String(waiting)] ?? []).map((cost) => cost[field]);
  const fields = [
    { field: 'perSecond', what: 'settled', unit: 'jobs/s' },
    { field: 'cpuMs', what: 'CPU per job (worker, Postgres, Redis)', unit: 'ms' },
    { field: 'redisMb', what: 'memory Redis took meanwhile', unit: 'MB' },
  ] as const;
  const rows = size.backlog.sizes.flatMap((waiting) =>
    fields.map(
      ({ field, what, unit }): Row => ({
        figure: `${waiting.toLocaleString('en-US')} waiting`,
        name: what,
        unit,
        values: pick(waiting, field),
        baseline: { name: 'none waiting', values: pick(0, field) },
      }),
    ),
  );
  return { rows, broken };
}

async function prepare(ground: Ground, waiting: number): Promise<Site> {
  const gateway = await openGateway(ground, `backlog${waiting}`);
  const [lightKey = ''] = await gateway.openAccounts(['light', 'heavy']);
  await gateway.admin('PATCH', '/v1/admin/accounts/heavy', { max_concurrency: 1 });
  const templateId = await submitJob(gateway, lightKey);
  await fillBacklog(gateway, 'heavy', waiting, templateId);
  await tidy(gateway);
  return { waiting, gateway, templateId, placed: 1 };
}

/** One round: a worker that has run some jobs already settles `jobs` of the second account. */
async function settleBeside(site: Site, jobs: number, broken: string[]): Promise<Cost> {
  const { gateway } = site;
  const { usage, redis } = gateway.ground;
  const worker = await gateway.startWorker(atOnce);
  const settle = async (count: number) => {
    // The dispatcher heeds an account's pause at its next look, so all of the jobs begin to wait before the
    // first runs.
    await gateway.admin('PATCH', '/v1/admin/accounts/light', { paused: true });
    await fillBacklog(gateway, 'light', count, site.templateId);
    site.placed += count;
    const since = await databaseNow(gateway);
    const cpuBefore = cpuOf(worker, usage);
    const redisBefore = await redisMemoryBytes(redis);
    await gateway.admin('PATCH', '/v1/admin/accounts/light', { paused: false });
    if (!(await untilSettled(gateway, 'light'))) broken.push('jobs of the second account did not end');
    const cpuMs = cpuOf(worker, usage) - cpuBefore;
    const redisBytes = (await redisMemoryBytes(redis)) - redisBefore;
    const settled = await settledSince(gateway, since, 'started_at');
    if (settled.failed > 0) broken.push(`${settled.failed} jobs ended other than succeeded`);
    return {
      perSecond: settled.jobs / settled.seconds,
      cpuMs: cpuMs / settled.jobs,
      redisMb: redisBytes / 1024 / 1024,
    };
  };
  await settle(Math.ceil(jobs / 4));
  const cost = await settle(jobs);
  await worker.stop();
  return cost;
}

function cpuOf(worker: Part, usage: Ground['usage']): number {
  return worker.usage().cpuMs + usage.postgres().cpuMs + usage.redis().cpuMs;
}
