import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import type { Child } from '../stack/child.ts';
import { claimFolder } from '../stack/claim-folder.ts';
import { removePostgres } from '../stack/postgres-launcher.ts';
import { removeLeftovers } from '../stack/remove-leftovers.ts';
import { onStopRequest } from '../stack/stop-request.ts';
import { measureBacklog } from './figures/backlog.ts';
import { measureBatches } from './figures/batches.ts';
import { measureEndToEnd } from './figures/end-to-end.ts';
import { measureIntake } from './figures/intake.ts';
import { measureLatency } from './figures/latency.ts';
import { memoryRows } from './figures/memory.ts';
import { measureRest } from './figures/rest.ts';
import { measureStartDelay } from './figures/start-delay.ts';
import { measureStreams } from './figures/streams.ts';
import { measureSync } from './figures/sync.ts';
import { measureWebhooks } from './figures/webhooks.ts';
import { type Ground, startGround } from './ground.ts';
import { type BenchOptions, type BenchSize, type FigureName, figureNames, readOptions } from './options.ts';
import type { Workshop } from './part.ts';
import { type FigureResult, median, ratioOf } from './row.ts';
import { formatTable } from './table.ts';

const print = (line: string) => process.stderr.write(`${line}\n`);

const figures: Record<FigureName, (ground: Ground, size: BenchSize) => Promise<FigureResult>> = {
  intake: measureIntake,
  'end-to-end': measureEndToEnd,
  latency: measureLatency,
  sync: measureSync,
  backlog: measureBacklog,
  'start-delay': measureStartDelay,
  streams: measureStreams,
  webhooks: measureWebhooks,
  batches: measureBatches,
  rest: measureRest,
};

/**
 * Measures every figure beside its baseline, prints them as one table and draws no conclusion. False when a
 * job was lost or a ledger does not add up.
 */
async function bench(options: BenchOptions): Promise<boolean> {
  const results: FigureResult[] = [];
  await inFolder(async (workshop) => {
    const ground = await startGround(workshop);
    for (const name of figureNames.filter((one) => options.only.length === 0 || options.only.includes(one))) {
      const startedAt = performance.now();
      print(`measuring ${name} …`);
      results.push(await figures[name](ground, options.size));
      await ground.emptyRedis();
      print(`measured ${name} in ${Math.round((performance.now() - startedAt) / 1000)} s`);
    }
    ground.close();
    results.push({ rows: memoryRows(workshop.memory), broken: [] });
  });
  const rows = results.flatMap((result) => result.rows);
  const broken = results.flatMap((result) => result.broken);
  const machine = { cpus: cpus().length, node: process.version, at: new Date().toISOString() };
  process.stdout.write(`${formatTable(rows)}\n`);
  for (const sentence of broken) process.stdout.write(`BROKEN: ${sentence}\n`);
  if (options.jsonFile !== null) {
    const measured = rows.map((row) => ({ ...row, median: median(row.values), ratio: ratioOf(row) }));
    const facts = { machine, size: options.sizeName, rows: measured, broken };
    writeFileSync(options.jsonFile, `${JSON.stringify(facts, null, 2)}\n`);
  }
  return broken.length === 0;
}

/**
 * Runs the work with a folder of its own, and ends every process that was started there, whatever happens.
 */
async function inFolder(work: (workshop: Workshop) => Promise<void>): Promise<void> {
  const parent = resolve('.data');
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  await removeLeftovers(parent, 'bench');
  const dir = join(parent, `bench-${process.pid}`);
  const folder = await claimFolder(dir);
  const children = new Set<Child>();
  let isEnding = false;
  // The gateways before what they stand on, so that they can print goodbye to it.
  const stopAll = async () => {
    isEnding = true;
    for (const child of [...children].toReversed()) await child.stop(3000);
  };
  const clean = () => {
    removePostgres(join(dir, 'postgres'));
    rmSync(dir, { recursive: true, force: true });
  };
  onStopRequest(({ reason, code }) => {
    print(reason);
    void stopAll().then(() => {
      clean();
      process.exit(code === 0 ? 130 : code);
    });
  });
  const onSpawn = (child: Child) => {
    children.add(child);
    folder.note([...children]);
    void child.ended.then(() => children.delete(child));
    if (isEnding) void child.stop(0);
  };
  try {
    await work({ dir, onSpawn, memory: new Map() });
  } finally {
    await stopAll();
    clean();
  }
}

async function main(): Promise<number> {
  return (await bench(readOptions(process.argv.slice(2)))) ? 0 : 1;
}

main()
  .then((code) => process.exit(code))
  .catch((error: unknown) => {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(1);
  });
