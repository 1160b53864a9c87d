import { setTimeout as sleep } from 'node:timers/promises';
import { readRedis } from '../count-cost.ts';
import { type Gateway, openGateway } from '../gateway.ts';
import type { Ground } from '../ground.ts';
import type { BenchSize } from '../options.ts';
import type { Part } from '../part.ts';
import type { FigureResult, Row } from '../row.ts';

const workers = 4;

/** What a gateway that has nothing to do asks of Postgres and Redis, and what it takes of a core. */
export async function measureRest(ground: Ground, size: BenchSize): Promise<FigureResult> {
  const whole = await openGateway(ground, 'rest', { role: 'all' });
  const rows = await rest('one process', whole, [whole.api], size);
  await whole.close();
  const split = await openGateway(ground, 'restsplit');
  const started = await Promise.all(Array.from({ length: workers }, () => split.startWorker(50)));
  rows.push(...(await rest(`an API and ${workers} workers`, split, [split.api, ...started], size)));
  await Promise.all(started.map((worker) => worker.stop()));
  await split.close();
  return { rows, broken: [] };
}

async function rest(
  name: string,
  { sql, ground }: Gateway,
  parts: Part[],
  { rest: { settleMs, measureMs } }: BenchSize,
): Promise<Row[]> {
  await sleep(settleMs);
  const read = async () => ({
    transactions: await readTransactions(sql),
    commands: (await readRedis(ground.redis)).redisCommands,
    cpuMs: parts.reduce((sum, part) => sum + part.usage().cpuMs, 0),
  });
  const before = await read();
  await sleep(measureMs);
  const after = await read();
  const row = (what: string, unit: string, value: number): Row => ({
    figure: `at rest, ${name}`,
    name: what,
    unit,
    values: [value],
    baseline: null,
  });
  const seconds = measureMs / 1000;
  return [
    row('transactions', 'per s', (after.transactions - before.transactions) / seconds),
    row('commands in Redis', 'per s', (after.commands - before.commands) / seconds),
    row('CPU', '% of a core', ((after.cpuMs - before.cpuMs) / measureMs) * 100),
  ];
}

async function readTransactions(sql: Gateway['sql']): Promise<number> {
  const { rows } = await sql.query<{ n: number }>(
    `select (xact_commit + xact_rollback)::double precision as n from pg_stat_database
    where datname = current_database()`,
  );
  return rows[0]?.n ?? Number.NaN;
}
