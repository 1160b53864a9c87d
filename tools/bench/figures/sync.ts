import { alternate } from '../alternate.ts';
import { type Cost, costRows, countCost } from '../count-cost.ts';
import { type Gateway, openGateway } from '../gateway.ts';
import type { Ground } from '../ground.ts';
import type { BenchSize } from '../options.ts';
import { type Part, runTool, startPart } from '../part.ts';
import type { SdkPlan, SdkResult } from '../processes/sdk-loop.ts';
import type { FigureResult, Row } from '../row.ts';
import { chatRequest } from '../submission-body.ts';

const atOnce = 50;
const ways = {
  whole: { stream: false, atOnce },
  streamed: { stream: true, atOnce },
  'alone, whole': { stream: false, atOnce: 1 },
  'alone, streamed': { stream: true, atOnce: 1 },
};
type Way = keyof typeof ways;

const floors = {
  'pass on': 'floor: Fastify and undici that only pass on',
  hold: 'floor: the same with a hold and a settlement',
};
type Side = 'gateway' | 'loop' | keyof typeof floors;
type Measured = { result: SdkResult; cost: Cost };

/**
 * Chat completions that wait for their answer, through OpenAI's SDK: one process with every role, beside the
 * same loop straight at the provider's double, and two servers that show what Node and two commits cost.
 */
export async function measureSync(ground: Ground, size: BenchSize): Promise<FigureResult> {
  const provider = await startPart(ground.workshop, 'instant-provider', {
    script: 'dist-tools/tools/bench/processes/instant-provider.js',
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const gateway = await openGateway(ground, 'sync', { role: 'all', simulatorUrl: provider.url });
  const [key = ''] = await gateway.openAccounts(['caller']);
  await gateway.sql.query(floorTables);
  const sides: Record<Side, { url: string; parts: Part[]; apiKey?: string }> = {
    gateway: { url: gateway.api.url, parts: [gateway.api], apiKey: key },
    loop: { url: provider.url, parts: [] },
    'pass on': await startFloor(gateway, provider, 'pass on'),
    hold: await startFloor(gateway, provider, 'hold'),
  };
  let made = 0;
  const call = (side: Side, way: Way, calls: number) => async (): Promise<Measured> => {
    const { url, parts, apiKey } = sides[side];
    const model = `openai/${chatRequest.model}`;
    const plan: SdkPlan = { url, model, calls, ...ways[way], ...(apiKey === undefined ? {} : { apiKey }) };
    return await countCost(gateway, parts, async () => {
      const result = await runTool<SdkResult>(ground.workshop, 'sdk-loop', plan);
      if (side === 'gateway') made += result.made;
      return { result, calls: result.made };
    });
  };
  const measure = (way: Way, calls: number) =>
    alternate<Record<Side, Measured>>(size.rounds, {
      gateway: call('gateway', way, calls),
      loop: call('loop', way, calls),
      'pass on': call('pass on', way, calls),
      hold: call('hold', way, calls),
    });
  // What a server compiles in its first second is no figure of anything.
  for (const side of ['gateway', 'pass on', 'hold'] as const) await call(side, 'whole', size.sync.calls)();
  const rows: Row[] = [];
  for (const way of ['whole', 'streamed'] as const) {
    rows.push(...toRows(way, await measure(way, size.sync.calls)));
  }
  rows.push(...toRowsAlone('whole', 'doneMs', await measure('alone, whole', size.sync.samples)));
  rows.push(...toRowsAlone('streamed', 'firstMs', await measure('alone, streamed', size.sync.samples)));
  const broken = await gateway.check({ caller: made });
  const floorsStarted = [...sides['pass on'].parts, ...sides.hold.parts];
  await Promise.all(floorsStarted.map((part) => part.stop()));
  await gateway.close();
  await provider.stop();
  return { rows, broken };
}

const floorTables = `
  create table passed_balance (available bigint not null check (available >= 0), held bigint not null);
  insert into passed_balance values (1e18::bigint, 0);
  create table passed_calls (
    id text primary key, body text not null, hold bigint not null, answer text, charge bigint
  );`;

async function startFloor(gateway: Gateway, provider: Part, name: keyof typeof floors) {
  const part = await startPart(gateway.ground.workshop, name, {
    script: 'dist-tools/tools/bench/processes/pass-on-server.js',
    args: [name],
    env: {
      PATH: process.env['PATH'] ?? '',
      DATABASE_URL: gateway.ownerUrl,
      PROVIDER_URL: provider.url,
    },
  });
  return { url: part.url, parts: [part] };
}

function toRows(way: 'whole' | 'streamed', measured: Record<Side, Measured[]>): Row[] {
  const figure = `synchronous, ${way}`;
  const pace = (side: Side) => measured[side].map(({ result }) => result.perSecond);
  const costs = (side: Side) => measured[side].map(({ cost }) => cost);
  const beside = (side: Side, name: string): Row => ({
    figure,
    name,
    unit: 'calls/s',
    values: pace(side),
    baseline: { name: 'SDK loop', values: pace('loop') },
  });
  return [
    beside('gateway', `${atOnce} at once`),
    beside('pass on', floors['pass on']),
    beside('hold', floors.hold),
    ...costRows(figure, 'call', costs('gateway'), {
      name: 'floor with hold and settlement',
      costs: costs('hold'),
    }),
  ];
}

/** What stands between a caller and the provider adds to the time of a call that is alone, at its p50. */
function toRowsAlone(
  way: 'whole' | 'streamed',
  field: 'firstMs' | 'doneMs',
  measured: Record<Side, Measured[]>,
): Row[] {
  const figure = `synchronous, alone, ${way}`;
  const added = (side: Side) =>
    measured[side].map(
      ({ result }, round) => result[field].p50 - (measured.loop[round]?.result[field].p50 ?? Number.NaN),
    );
  const costs = costRows(
    figure,
    'call',
    measured.gateway.map(({ cost }) => cost),
    { name: 'floor with hold and settlement', costs: measured.hold.map(({ cost }) => cost) },
  );
  const row = (name: string, side: Side): Row => ({
    figure,
    name,
    unit: 'ms',
    values: added(side),
    baseline: null,
  });
  return [
    row(field === 'firstMs' ? 'added to its first token, p50' : 'added to its answer, p50', 'gateway'),
    row(`${floors['pass on']}, added`, 'pass on'),
    row(`${floors.hold}, added`, 'hold'),
    ...costs.filter(({ name }) => /^(commits|statements|scripts)/.test(name)),
  ];
}
