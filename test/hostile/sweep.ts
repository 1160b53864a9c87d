import type { Random } from '../../tools/stack/random.ts';
import { adminKey, type Gateway } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';
import { hostileFiles, messageBatchOf } from './batch-files.ts';
import { type Cast, openCast, untouched } from './cast.ts';
import { promptCanary } from './good-bodies.ts';
import type { Ground } from './good-request.ts';
import { toBytes } from './hostile-request.ts';
import { exchange } from './http-exchange.ts';
import { goodForm } from './kinds/forms.ts';
import { layGround, refusedOf } from './lay-ground.ts';
import { unreachedOf } from './oracles/load.ts';
import { checkLog } from './oracles/log.ts';
import { checkMoney } from './oracles/money.ts';
import { checkReportedJobs, checkRows, checkUntouched, digestOf } from './oracles/rows.ts';
import type { Violation } from './oracles/violation.ts';
import { planSweep } from './plan.ts';
import { type Probes, probeBalance } from './prober.ts';
import type { Route } from './routes.ts';
import { runBatches, runMessageBatch } from './run-batches.ts';
import { createSeen, type Seen, sendAll } from './send-all.ts';
import { innocentCanary } from './stock.ts';

export type SweepPlan = {
  random: Random;
  requests: number;
  /** Takes any webhook. */
  hookUrl: string;
  /** The processes of the gateway, and where each shows its metrics. */
  watched: { name: string; origin: string }[];
};

export type Swept = Seen & {
  requests: number;
  /** Good bodies that were refused: then their fields were not really tried. */
  refusedGood: string[];
  /** Routes that never answered. */
  unreached: string[];
  innocent: Probes;
};

const innocentPauseMs = 50;
const quietWithinMs = 240_000;

/** Sweeps a gateway that was just started. Everything that is sent follows from `plan.random`. */
export async function sweep(gateway: Gateway, routes: Route[], plan: SweepPlan): Promise<Swept> {
  const cast = await openCast(gateway);
  const ground = await layGround(gateway, plan.hookUrl, routes, cast);
  const refusedGood = await refusedOf(gateway, ground, cast);
  const seen = createSeen(await jobsOf(gateway, 'tenant'));
  const before = await digestsOf(gateway);
  const planned = planSweep(ground, plan.random, plan.requests, cast.hidden.key);
  const target = { url: new URL(gateway.url), watched: plan.watched, ...cast };
  const prober = probeBalance(cast.innocent, innocentPauseMs);
  const [batches] = await Promise.all([
    sweepBatches(gateway, ground, cast, plan.random.fork('batches')),
    sendAll(target, planned, seen),
  ]);
  const innocent = await prober.stop();
  await whenQuiet(gateway);
  seen.violations.push(...batches, ...(await checkAfterwards(gateway, cast, before, seen)));
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  const names = routes.map(({ name }) => name);
  return { ...seen, requests: planned.length, refusedGood, unreached: unreachedOf(names, metrics), innocent };
}

async function jobsOf({ sql }: Gateway, accountId: string): Promise<string[]> {
  const rows = await sql<
    { id: string }[]
  >`select id from jobs where account_id = ${accountId} and batch_id is null`;
  return rows.map(({ id }) => id);
}

async function sweepBatches(
  gateway: Gateway,
  ground: Ground,
  cast: Cast,
  random: Random,
): Promise<Violation[]> {
  const credentials = { ...cast.credentials, tenant: cast.batcher.key };
  const upload = async (content: string): Promise<string | null> => {
    const bytes = toBytes(goodForm(ground, 'batch file', content), credentials);
    const { answers } = await exchange(new URL(gateway.url), { bytes, closesAfterwards: false });
    const [answer] = answers;
    return answer?.status === 200 ? (JSON.parse(answer.body.toString('utf8')) as { id: string }).id : null;
  };
  const tools = { sql: gateway.sql, client: cast.batcher, upload };
  const messages = messageBatchOf(ground.bodies['POST /v1/messages']);
  return [
    ...(await runMessageBatch(tools, gateway.url, messages)),
    ...(await runBatches(tools, hostileFiles(ground.bodies, random))),
  ];
}

/**
 * Nothing is under way any more: no batch, no call, no upload. Jobs of another day, or of a paused provider,
 * may wait.
 */
async function whenQuiet({ sql }: Gateway): Promise<void> {
  await waitFor(
    'the end of everything that was begun',
    async () => {
      const [left] = await sql<{ rows: bigint }[]>`
        select (select count(*) from batches where finished_at is null)
          + (select count(*) from jobs where finished_at is null and run_at <= now() and provider <> 'google')
          + (select count(*) from files where state = 'uploading') as rows`;
      return Number(left?.rows) === 0;
    },
    quietWithinMs,
  );
}

type Digests = Map<string, Map<string, string>>;

async function digestsOf({ sql }: Gateway): Promise<Digests> {
  const digests: Digests = new Map();
  for (const id of untouched) digests.set(id, await digestOf(sql, id));
  return digests;
}

async function checkAfterwards(
  gateway: Gateway,
  cast: Cast,
  before: Digests,
  seen: Seen,
): Promise<Violation[]> {
  const after = await digestsOf(gateway);
  const { tenant, batcher, leaver, innocent, hidden } = cast;
  const keys = [tenant, batcher, leaver, innocent, hidden].map(({ key }) => key);
  const log = gateway
    .processes()
    .map((one) => one.log())
    .join('\n');
  return [
    ...(await checkRows(gateway.sql)),
    ...(await checkReportedJobs(gateway.sql, ['tenant'], seen.reported)),
    ...[...after].flatMap(([id, digest]) =>
      checkUntouched(`the account ${id}`, before.get(id) ?? new Map(), digest),
    ),
    ...(await checkMoney(gateway.admin)),
    ...checkLog(log, [promptCanary, innocentCanary, adminKey, ...keys]),
  ];
}
