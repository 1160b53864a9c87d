import { alternate } from '../alternate.ts';
import { startBaseline } from '../baselines.ts';
import { openGateway } from '../gateway.ts';
import type { Ground } from '../ground.ts';
import type { BenchSize } from '../options.ts';
import { runTool } from '../part.ts';
import type { ProbePlan, ProbeResult } from '../processes/latency-probe.ts';
import type { SdkPlan, SdkResult } from '../processes/sdk-loop.ts';
import type { FigureResult, Row } from '../row.ts';

/** How long one job alone takes: to its 202, from there to its first token and to its settled charge. */
export async function measureLatency(ground: Ground, size: BenchSize): Promise<FigureResult> {
  const gateway = await openGateway(ground, 'latency');
  const [key = ''] = await gateway.openAccounts(['probe']);
  const worker = await gateway.startWorker(10);
  const floor = await startBaseline(gateway, 'floor', []);
  const { samples } = size.latency;
  const probe = (url: string, follow: boolean) => () =>
    runTool<ProbeResult>(ground.workshop, 'latency-probe', { url, key, samples, follow } satisfies ProbePlan);
  const direct = () =>
    runTool<SdkResult>(ground.workshop, 'sdk-loop', {
      url: ground.simulatorUrl,
      calls: samples,
      atOnce: 1,
      stream: true,
    } satisfies SdkPlan);
  const measured = await alternate(size.rounds, {
    gateway: probe(gateway.api.url, true),
    floor: probe(floor.url, false),
    direct,
  });
  const accepted = measured.gateway.reduce((sum, result) => sum + result.accepted, 0);
  const broken = await gateway.check({ probe: accepted });
  await Promise.all([worker.stop(), floor.stop()]);
  await gateway.close();
  const rows = (['p50', 'p99'] as const).flatMap((part): Row[] => [
    toRow(
      `accept, ${part}`,
      measured.gateway.map(({ acceptMs }) => acceptMs[part]),
      {
        name: 'the floor',
        values: measured.floor.map(({ acceptMs }) => acceptMs[part]),
      },
    ),
    toRow(
      `accept to first token, ${part}`,
      measured.gateway.map(({ firstTokenMs }) => firstTokenMs[part]),
      {
        name: 'the SDK alone',
        values: measured.direct.map(({ firstMs }) => firstMs[part]),
      },
    ),
    toRow(
      `accept to settled, ${part}`,
      measured.gateway.map(({ settledMs }) => settledMs[part]),
      {
        name: 'the SDK alone, to its end',
        values: measured.direct.map(({ doneMs }) => doneMs[part]),
      },
    ),
  ]);
  return { rows, broken };
}

function toRow(name: string, values: number[], baseline: Row['baseline']): Row {
  return { figure: 'latency', name, unit: 'ms', values, baseline };
}
