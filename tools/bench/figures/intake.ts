import { alternate } from '../alternate.ts';
import { type BaselineName, startBaseline } from '../baselines.ts';
import { type Gateway, openGateway } from '../gateway.ts';
import type { Ground } from '../ground.ts';
import type { BenchSize } from '../options.ts';
import { type Part, runTool } from '../part.ts';
import type { LoadPlan, LoadResult } from '../processes/intake-load.ts';
import type { FigureResult, Row } from '../row.ts';
import { submissionBody } from '../submission-body.ts';

const connections = 64;
const baselineNames: Record<BaselineName, string> = {
  floor: 'the floor (grouped insert + addBulk)',
  classic: 'a transaction per job + queue.add',
  'bare-queue': 'queue.add alone',
};

/**
 * How many submissions per second one API process takes over HTTP, on one hot account and on many, beside
 * three baselines.
 */
export async function measureIntake(ground: Ground, size: BenchSize): Promise<FigureResult> {
  const gateway = await openGateway(ground, 'intake');
  const accounts = ['hot', ...Array.from({ length: size.intake.accounts }, (_, n) => `many-${n}`)];
  const keys = await gateway.openAccounts(accounts);
  const callers = accounts.map((account, index) => ({ account, key: keys[index] ?? '' }));
  const servers = {
    gateway: gateway.api,
    floor: await startBaseline(gateway, 'floor', accounts),
    classic: await startBaseline(gateway, 'classic', accounts),
    'bare-queue': await startBaseline(gateway, 'bare-queue', accounts),
  };
  const accepted = { hot: 0, many: 0 };
  const broken: string[] = [];
  const rows: Row[] = [];
  // What a server compiles in its first second is no figure of anything.
  for (const server of Object.values(servers)) {
    const hot = callers.slice(0, 1);
    const warmed = await load(gateway, server, hot, { warmMs: 0, measureMs: size.intake.heatMs });
    if (server === gateway.api) accepted.hot += warmed.accepted;
  }
  for (const kind of ['hot', 'many'] as const) {
    const chosen = callers.filter(({ account }) => account.split('-')[0] === kind);
    const run = (name: keyof typeof servers) => async () => {
      const result = await load(gateway, servers[name], chosen, size.intake);
      if (name === 'gateway') accepted[kind] += result.accepted;
      if (result.refused > 0) broken.push(`${name} refused ${result.refused} submissions`);
      return result.perSecond;
    };
    const baselines: BaselineName[] =
      kind === 'hot' || size.intake.allBaselines ? ['floor', 'classic', 'bare-queue'] : ['floor'];
    const measured = await alternate<Record<string, number>>(
      size.rounds,
      Object.fromEntries((['gateway', ...baselines] as const).map((name) => [name, run(name)])),
    );
    for (const baseline of baselines) {
      rows.push({
        figure: 'intake',
        name: kind === 'hot' ? 'one account' : `${size.intake.accounts.toLocaleString('en-US')} accounts`,
        unit: 'jobs/s',
        values: measured['gateway'] ?? [],
        baseline: { name: baselineNames[baseline], values: measured[baseline] ?? [] },
      });
    }
  }
  broken.push(...(await gateway.check(accepted)));
  await Promise.all([servers.floor.stop(), servers.classic.stop(), servers['bare-queue'].stop()]);
  await gateway.close();
  return { rows, broken };
}

function load(
  gateway: Gateway,
  server: Part,
  callers: LoadPlan['callers'],
  { warmMs, measureMs }: { warmMs: number; measureMs: number },
): Promise<LoadResult> {
  const plan: LoadPlan = {
    url: server.url,
    callers,
    body: submissionBody(),
    connections,
    warmMs,
    measureMs,
    jobsMax: null,
  };
  return runTool<LoadResult>(gateway.ground.workshop, 'intake-load', plan);
}
