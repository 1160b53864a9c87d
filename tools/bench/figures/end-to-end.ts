import { alternate } from '../alternate.ts';
import { type Cost, costRows, countCost } from '../count-cost.ts';
import { type Gateway, openGateway } from '../gateway.ts';
import type { Ground } from '../ground.ts';
import type { BenchSize } from '../options.ts';
import { type Part, runTool } from '../part.ts';
import type { LoadPlan, LoadResult } from '../processes/intake-load.ts';
import type { SdkPlan, SdkResult } from '../processes/sdk-loop.ts';
import type { FigureResult, Row } from '../row.ts';
import { databaseNow, settledSince, untilSettled } from '../settled.ts';
import { submissionBody } from '../submission-body.ts';

const atOnce = 50;
const maxWaitMs = 120_000;

type Pace = { accepted: number; failed: number; perSecond: number; workerMs: number };
type Measured = { result: Pace; cost: Cost };
/** A gateway, with the process that runs its jobs and all that it consists of. */
type Site = { gateway: Gateway; worker: Part; parts: Part[]; key: string };

/**
 * From the first submission to the last settled charge: one API and one worker process, then one process with
 * every role; an account, a provider that answers at once; beside a loop of SDK calls, as many at once. What
 * one job costs the worker process, beside a call of the loop, and what it takes of every process and server.
 */
export async function measureEndToEnd(ground: Ground, size: BenchSize): Promise<FigureResult> {
  const split = await openGateway(ground, 'endtoend');
  const worker = await split.startWorker(atOnce);
  const apart = await measureSite(split, worker, [split.api, worker], size);
  await worker.stop();
  await split.close();
  const whole = await openGateway(ground, 'endtoendall', { role: 'all' });
  const together = await measureSite(whole, whole.api, [whole.api], size);
  await whole.close();
  const rows = [
    ...toRows('end to end', apart),
    {
      figure: 'end to end',
      name: 'CPU of the worker process per job',
      unit: 'ms',
      values: apart.jobs.map(({ result }) => result.workerMs),
      baseline: { name: 'SDK loop per call', values: apart.loop.map(({ cpuMsPerCall }) => cpuMsPerCall) },
    },
    ...toRows('end to end, one process', together),
  ];
  return { rows, broken: [...apart.broken, ...together.broken] };
}

async function measureSite(gateway: Gateway, worker: Part, parts: Part[], size: BenchSize) {
  const [key = ''] = await gateway.openAccounts(['one']);
  const site: Site = { gateway, worker, parts, key };
  const { jobs: count } = size.endToEnd;
  const { workshop, simulatorUrl } = gateway.ground;
  const plan: SdkPlan = { url: simulatorUrl, calls: count, atOnce, stream: false };
  const heat = await countJobs(site, count);
  const { jobs, loop } = await alternate(size.rounds, {
    jobs: () => countJobs(site, count),
    loop: () => runTool<SdkResult>(workshop, 'sdk-loop', plan),
  });
  const all = [heat, ...jobs].map(({ result }) => result);
  const failed = all.reduce((sum, pace) => sum + pace.failed, 0);
  const broken = await gateway.check({ one: all.reduce((sum, pace) => sum + pace.accepted, 0) });
  if (failed > 0) broken.push(`${failed} jobs ended other than succeeded or did not end`);
  return { jobs, loop, broken };
}

function toRows(figure: string, { jobs, loop }: { jobs: Measured[]; loop: SdkResult[] }): Row[] {
  return [
    {
      figure,
      name: `order to settled charge, ${atOnce} at once`,
      unit: 'jobs/s',
      values: jobs.map(({ result }) => result.perSecond),
      baseline: { name: 'SDK loop', values: loop.map(({ perSecond }) => perSecond) },
    },
    ...costRows(
      figure,
      'job',
      jobs.map(({ cost }) => cost),
    ),
  ];
}

function countJobs(site: Site, jobs: number): Promise<Measured> {
  return countCost(site.gateway, site.parts, async () => {
    const result = await runJobs(site, jobs);
    return { result, calls: result.accepted };
  });
}

async function runJobs({ gateway, worker, key }: Site, jobs: number): Promise<Pace> {
  const since = await databaseNow(gateway);
  const cpuBefore = worker.usage().cpuMs;
  const plan: LoadPlan = {
    url: gateway.api.url,
    callers: [{ key, account: 'one' }],
    body: submissionBody(),
    connections: atOnce,
    warmMs: 0,
    measureMs: maxWaitMs,
    jobsMax: jobs,
  };
  const { accepted, refused } = await runTool<LoadResult>(gateway.ground.workshop, 'intake-load', plan);
  await untilSettled(gateway, 'one');
  const cpuMs = worker.usage().cpuMs - cpuBefore;
  const settled = await settledSince(gateway, since, 'created_at');
  const missing = accepted - settled.jobs;
  return {
    accepted,
    failed: settled.failed + missing + refused,
    perSecond: settled.jobs / settled.seconds,
    workerMs: cpuMs / settled.jobs,
  };
}
