import { alternate } from '../alternate.ts';
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

type Pace = { accepted: number; failed: number; perSecond: number; cpuMs: number };

/**
 * From the first submission to the last settled charge: one API and one worker process, an account, a
 * provider that answers at once; beside a loop of SDK calls, as many at once. What one job costs the worker
 * process, beside a call of the loop.
 */
export async function measureEndToEnd(ground: Ground, size: BenchSize): Promise<FigureResult> {
  const gateway = await openGateway(ground, 'endtoend');
  const [key = ''] = await gateway.openAccounts(['one']);
  const worker = await gateway.startWorker(atOnce);
  const { jobs } = size.endToEnd;
  const callLoop = () =>
    runTool<SdkResult>(ground.workshop, 'sdk-loop', {
      simulatorUrl: ground.simulatorUrl,
      calls: jobs,
      atOnce,
      stream: false,
    } satisfies SdkPlan);
  const heat = await runJobs(gateway, worker, key, jobs);
  const { gateway: paces, loop } = await alternate(size.rounds, {
    gateway: () => runJobs(gateway, worker, key, jobs),
    loop: callLoop,
  });
  const failed = heat.failed + paces.reduce((sum, pace) => sum + pace.failed, 0);
  const accepted = heat.accepted + paces.reduce((sum, pace) => sum + pace.accepted, 0);
  const broken = await gateway.check({ one: accepted });
  if (failed > 0) broken.push(`${failed} jobs ended other than succeeded or did not end`);
  await worker.stop();
  await gateway.close();
  const rows: Row[] = [
    {
      figure: 'end to end',
      name: `order to settled charge, ${atOnce} at once`,
      unit: 'jobs/s',
      values: paces.map(({ perSecond }) => perSecond),
      baseline: { name: 'SDK loop', values: loop.map(({ perSecond }) => perSecond) },
    },
    {
      figure: 'end to end',
      name: 'CPU of the worker process per job',
      unit: 'ms',
      values: paces.map(({ cpuMs }) => cpuMs),
      baseline: { name: 'SDK loop per call', values: loop.map(({ cpuMsPerCall }) => cpuMsPerCall) },
    },
  ];
  return { rows, broken };
}

async function runJobs(gateway: Gateway, worker: Part, key: string, jobs: number): Promise<Pace> {
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
    cpuMs: cpuMs / settled.jobs,
  };
}
