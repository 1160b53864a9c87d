import { alternate } from '../alternate.ts';
import { fillBacklog } from '../fill-backlog.ts';
import { type Gateway, openGateway } from '../gateway.ts';
import type { Ground } from '../ground.ts';
import type { BenchSize } from '../options.ts';
import { type Part, runTool, startPart } from '../part.ts';
import type { AppendPlan, AppendResult } from '../processes/append-deltas.ts';
import type { ViewersPlan, ViewersResult } from '../processes/stream-viewers.ts';
import type { FigureResult, Row } from '../row.ts';
import { submitJob } from '../submit-job.ts';

type Site = { gateway: Gateway; key: string; templateId: string; broken: string[] };
type Level = { streams: number; deltasPerSecond: number; warmSeconds: number; seconds: number };
type Watched = {
  idleKb: number;
  arrivedPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuUs: number;
};

/**
 * Live streams of one API process, each of a job of its own: what one costs while nothing happens, and how
 * long a delta takes from the event log to the reader's socket while all of them bring some. Beside it a
 * server that passes on what Redis publishes, without a log to resume from.
 */
export async function measureStreams(ground: Ground, size: BenchSize): Promise<FigureResult> {
  const gateway = await openGateway(ground, 'streams');
  const [key = ''] = await gateway.openAccounts(['viewed']);
  const templateId = await submitJob(gateway, key, { stream: true });
  const site: Site = { gateway, key, templateId, broken: [] };
  const { levels, deltasPerSecond, warmSeconds, seconds, rounds } = size.streams;
  const rows: Row[] = [];
  let placed = 1;
  for (const streams of levels) {
    const level = { streams, deltasPerSecond, warmSeconds, seconds };
    const measured = await alternate(rounds, {
      gateway: async () => {
        placed += streams;
        return await watchGateway(site, level);
      },
      bare: () => watchBare(site, level),
    });
    rows.push(...toRows(level, measured));
  }
  const problems = await gateway.check({ viewed: placed });
  await gateway.close();
  return { rows, broken: [...site.broken, ...problems] };
}

/** A process of its own for every round: memory that was once taken says nothing about the next streams. */
async function watchGateway(site: Site, level: Level): Promise<Watched> {
  const { gateway, templateId } = site;
  await fillBacklog(gateway, 'viewed', level.streams, templateId);
  const { rows } = await gateway.sql.query<{ id: string }>(
    'select id from jobs where account_id = $1 and id <> $2 order by id desc limit $3',
    ['viewed', templateId, level.streams],
  );
  const server = await gateway.startApi('api-streams');
  const jobIds = rows.map(({ id }) => id);
  return await watchAll(site, { server, jobIds, prefix: gateway.name, level });
}

async function watchBare(site: Site, level: Level): Promise<Watched> {
  const { workshop, redisUrl } = site.gateway.ground;
  const server = await startPart(workshop, 'bare-streams', {
    script: 'dist-tools/tools/bench/processes/bare-streams.js',
    env: { PATH: process.env['PATH'] ?? '', REDIS_URL: redisUrl },
  });
  const jobIds = Array.from({ length: level.streams }, (_, n) => `job-${n}`);
  return await watchAll(site, { server, jobIds, prefix: null, level });
}

async function watchAll(
  { gateway, key, broken }: Site,
  watch: { server: Part; jobIds: string[]; prefix: string | null; level: Level },
): Promise<Watched> {
  const { server, jobIds, prefix, level } = watch;
  const { workshop, redisUrl } = gateway.ground;
  const warmDeltas = level.deltasPerSecond * level.warmSeconds;
  const deltas = warmDeltas + level.deltasPerSecond * level.seconds;
  const before = await server.collectedUsage();
  let onOpen: () => void = () => undefined;
  const open = new Promise<void>((resolve) => {
    onOpen = resolve;
  });
  const viewers = runTool<ViewersResult>(
    workshop,
    'stream-viewers',
    { url: server.url, key, jobIds, deltas, warmDeltas } satisfies ViewersPlan,
    (line) => line === 'open' && onOpen(),
  );
  await Promise.race([open, viewers]);
  const idle = await server.collectedUsage();
  const plan: AppendPlan = { redisUrl, prefix, jobIds, perSecond: level.deltasPerSecond, deltas };
  const [{ appended }, { seen, seconds, delayMs }] = await Promise.all([
    runTool<AppendResult>(workshop, 'append-deltas', plan),
    viewers,
  ]);
  const after = server.usage();
  await server.stop();
  if (seen < appended) broken.push(`${server.name} brought ${seen} of ${appended} deltas to their streams`);
  return {
    idleKb: ((idle.rssMb - before.rssMb) * 1024) / level.streams,
    arrivedPerSecond: seen / seconds,
    p50Ms: delayMs.p50,
    p99Ms: delayMs.p99,
    cpuUs: ((after.cpuMs - idle.cpuMs) * 1000) / seen,
  };
}

function toRows(level: Level, measured: { gateway: Watched[]; bare: Watched[] }): Row[] {
  const fields = [
    { field: 'idleKb', what: 'memory of an idle one', unit: 'kB' },
    { field: 'arrivedPerSecond', what: 'deltas that arrived', unit: 'per s' },
    { field: 'p50Ms', what: 'append to socket, p50', unit: 'ms' },
    { field: 'p99Ms', what: 'append to socket, p99', unit: 'ms' },
    { field: 'cpuUs', what: 'CPU of the server per delta', unit: 'µs' },
  ] as const;
  return fields.map(({ field, what, unit }) => ({
    figure: `${level.streams.toLocaleString('en-US')} streams, ${level.deltasPerSecond}/s each`,
    name: what,
    unit,
    values: measured.gateway.map((watched) => watched[field]),
    baseline: {
      name: 'Redis publish to socket',
      values: measured.bare.map((watched) => watched[field]),
    },
  }));
}
