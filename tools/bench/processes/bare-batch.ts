import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { openDatabase, type Transaction } from '../../../src/shared/platform/postgres/database.ts';
import { readPlan, writeResult } from './plan.ts';

export type BareBatchPlan = { databaseUrl: string; file: string };

export type BareBatchResult = {
  takenPerSecond: number;
  writtenPerSecond: number;
  /** The most memory that taking the lines added. */
  addedMb: number;
};

const rowsAtOnce = 1000;

/**
 * A batch as a script would do it, without price, hold or check: one transaction that parses the lines of a
 * file and inserts them a thousand at a time, and one that reads the answers as they lie in `bare_answers` by
 * their number, a thousand at a time, and stores them as JSONL.
 */
async function run(plan: BareBatchPlan): Promise<BareBatchResult> {
  const sql = openDatabase({
    url: plan.databaseUrl,
    poolMax: 1,
    prepare: true,
    applicationName: 'bench-bare-batch',
  });
  await sql`select 1`;
  const beforeMb = process.memoryUsage().rss / 1024 / 1024;
  const takenPerSecond = await paceOf(() => sql.begin((tx) => takeLines(tx, plan.file)));
  const addedMb = process.resourceUsage().maxRSS / 1024 - beforeMb;
  const writtenPerSecond = await paceOf(() => sql.begin(writeAnswers));
  await sql.end();
  return { takenPerSecond, writtenPerSecond, addedMb };
}

async function paceOf(work: () => Promise<number>): Promise<number> {
  const startedAt = performance.now();
  const lines = await work();
  return (lines * 1000) / (performance.now() - startedAt);
}

type Line = { line: number; customId: string; body: string };

async function takeLines(tx: Transaction, file: string): Promise<number> {
  let taken = 0;
  let waiting: Line[] = [];
  const insert = async () => {
    await tx`
      insert into bare_lines (line, custom_id, body)
      select * from unnest(
        ${waiting.map(({ line }) => line)}::integer[], ${waiting.map(({ customId }) => customId)}::text[],
        ${waiting.map(({ body }) => body)}::text[]
      )`;
    waiting = [];
  };
  for await (const text of createInterface({ input: createReadStream(file) })) {
    const { custom_id: customId, body } = JSON.parse(text) as { custom_id: string; body: unknown };
    taken += 1;
    waiting.push({ line: taken, customId, body: JSON.stringify(body) });
    if (waiting.length === rowsAtOnce) await insert();
  }
  await insert();
  return taken;
}

async function writeAnswers(tx: Transaction): Promise<number> {
  let through = 0;
  let written = 0;
  for (;;) {
    const rows = await tx<{ line: number; custom_id: string; result: string }[]>`
      select line, custom_id, result from bare_answers where line > ${through}
        order by line limit ${rowsAtOnce}`;
    const last = rows.at(-1);
    if (last === undefined) return written;
    const texts = rows.map(({ custom_id, result }) => `{"custom_id":"${custom_id}","response":${result}}\n`);
    await tx`insert into bare_chunks (line, bytes) values (${last.line}, ${Buffer.from(texts.join(''))})`;
    through = last.line;
    written += rows.length;
  }
}

writeResult(await run(readPlan<BareBatchPlan>()));
