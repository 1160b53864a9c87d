import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { alternate } from '../alternate.ts';
import { lineId, writeBatchFile } from '../batch-file.ts';
import { finishLines } from '../finish-lines.ts';
import { type Gateway, openGateway } from '../gateway.ts';
import type { Ground } from '../ground.ts';
import type { BenchSize } from '../options.ts';
import { runTool } from '../part.ts';
import type { BareBatchPlan, BareBatchResult } from '../processes/bare-batch.ts';
import type { FigureResult, Row } from '../row.ts';
import { sendBatch } from '../send-batch.ts';
import { watchMemory } from '../watch-memory.ts';

const atOnce = 50;
/** What a process needs to do this at all, for however few lines, is not what a large file takes. */
const warmLines = 1000;
const pollMs = 25;
const maxWaitMs = 5 * 60_000;

type Site = {
  gateway: Gateway;
  warmKey: string;
  lines: number;
  file: string;
  warmFile: string;
  broken: string[];
};
type Moved = { takenPerSecond: number; writtenPerSecond: number; apiMb: number; workerMb: number };

/**
 * A large batch file, from the first byte of its upload until all its lines are priced and held, and from its
 * last settled line until its output file is there; the answers between are put into the database. Beside a
 * script that stores the same lines, and one that copies the same answers to a file, with nothing else to do.
 */
export async function measureBatches(ground: Ground, size: BenchSize): Promise<FigureResult> {
  const { lines, rounds } = size.batches;
  const gateway = await openGateway(ground, 'batches');
  const accounts = Array.from({ length: rounds }, (_, n) => `batched-${n}`);
  const [warmKey = '', ...keys] = await gateway.openAccounts(['warm', ...accounts]);
  const { dir } = ground.workshop;
  const site: Site = {
    gateway,
    warmKey,
    lines,
    file: join(dir, 'lines.jsonl'),
    warmFile: join(dir, 'warm-lines.jsonl'),
    broken: [],
  };
  await writeBatchFile(site.file, lines);
  await writeBatchFile(site.warmFile, warmLines);
  await gateway.sql.query(bareTables);
  let round = 0;
  const measured = await alternate(rounds, {
    gateway: () => {
      const account = accounts[round] ?? '';
      const key = keys[round] ?? '';
      round += 1;
      return moveBatch(site, account, key);
    },
    bare: () => moveBare(site),
  });
  const problems = await gateway.check({ warm: warmLines * rounds, batched: lines * rounds });
  await gateway.close();
  return { rows: toRows(lines, measured), broken: [...site.broken, ...problems] };
}

/**
 * Processes and an account of their own for every round: memory once taken, and a pause, say nothing about
 * the next.
 */
async function moveBatch(site: Site, account: string, key: string): Promise<Moved> {
  const { gateway, lines, broken } = site;
  const api = await gateway.startApi('api-batches');
  const worker = await gateway.startWorker(atOnce);
  const { batchId: warmId } = await sendBatch({ url: api.url, key: site.warmKey }, site.warmFile);
  await untilBatch(gateway, warmId, 'finished_at is not null');
  const templateId = await succeededJobOf(gateway, warmId);

  const memoryAdded = watchMemory({ api, worker });
  const { batchId, sentAtMs } = await sendBatch({ url: api.url, key }, site.file);
  // Its lines become jobs, and none of them starts.
  await gateway.admin('PATCH', `/v1/admin/accounts/${account}`, { paused: true });
  await untilBatch(gateway, batchId, 'in_progress_at is not null or finished_at is not null');
  const added = memoryAdded();

  await untilBatch(gateway, batchId, 'expanded_through = last_line or finished_at is not null');
  await untilIdle(gateway, batchId);
  await finishLines(gateway, batchId, templateId);
  await untilBatch(gateway, batchId, 'finished_at is not null');
  const ended = await readBatch(gateway, batchId);
  if (ended.state !== 'completed' || ended.total !== lines || ended.completed !== lines) {
    broken.push(`a batch of ${lines} lines ended as ${JSON.stringify(ended)}`);
  }
  broken.push(...(await findMissing({ url: api.url, key }, ended.outputFileId, lines)));
  await gateway.sql.query('truncate bare_lines, bare_answers, bare_chunks');
  await gateway.sql.query(copyAnswers, [batchId]);
  await Promise.all([api.stop(), worker.stop()]);
  return {
    takenPerSecond: (lines * 1000) / (ended.inProgressAtMs - sentAtMs),
    writtenPerSecond: (lines * 1000) / (ended.finishedAtMs - ended.finalizingAtMs),
    apiMb: added.api,
    workerMb: added.worker,
  };
}

async function moveBare({ gateway, file }: Site): Promise<BareBatchResult> {
  await gateway.sql.query('truncate bare_lines, bare_chunks');
  const plan: BareBatchPlan = { databaseUrl: gateway.ownerUrl, file };
  return await runTool<BareBatchResult>(gateway.ground.workshop, 'bare-batch', plan);
}

const bareTables = `
  create table bare_lines (line integer primary key, custom_id text not null, body text not null);
  create table bare_answers (line integer primary key, custom_id text not null, result text not null);
  create table bare_chunks (line integer primary key, bytes bytea not null);
  alter table bare_chunks alter column bytes set storage external;`;

/** The answers of a batch, with nothing to join: what the baseline copies. */
const copyAnswers = `
  insert into bare_answers
  select l.line, l.custom_id, r.result from batch_lines l join job_results r on r.job_id = l.job_id
  where l.batch_id = $1 order by l.line`;

async function untilBatch({ sql }: Gateway, batchId: string, condition: string): Promise<void> {
  await untilTrue(sql, `select ${condition} as is_so from batches where id = $1`, batchId);
}

/** What had its ticket before its account was paused runs to its end. */
async function untilIdle({ sql }: Gateway, batchId: string): Promise<void> {
  const question = `
    select not exists (select 1 from jobs where batch_id = $1 and state in ('ticketed', 'running')) as is_so`;
  await untilTrue(sql, question, batchId);
}

/** Looks until the answer is yes; what never comes is found when everything is counted. */
async function untilTrue(sql: Gateway['sql'], question: string, id: string): Promise<void> {
  const giveUpAt = Date.now() + maxWaitMs;
  while (Date.now() < giveUpAt) {
    const { rows } = await sql.query<{ is_so: boolean }>(question, [id]);
    if (rows[0]?.is_so) return;
    await sleep(pollMs);
  }
}

async function succeededJobOf({ sql }: Gateway, batchId: string): Promise<string> {
  const { rows } = await sql.query<{ id: string }>(
    `select id from jobs where batch_id = $1 and state = 'succeeded' and attempts = 1 limit 1`,
    [batchId],
  );
  return rows[0]?.id ?? '';
}

type Ended = {
  state: string;
  total: number;
  completed: number;
  outputFileId: string | null;
  inProgressAtMs: number;
  finalizingAtMs: number;
  finishedAtMs: number;
};

async function readBatch({ sql }: Gateway, batchId: string): Promise<Ended> {
  const ms = (column: string) => `extract(epoch from ${column})::double precision * 1000`;
  const { rows } = await sql.query<Ended>(
    `select state, total, completed, output_file_id as "outputFileId",
      ${ms('in_progress_at')} as "inProgressAtMs",
      ${ms('finalizing_at')} as "finalizingAtMs", ${ms('finished_at')} as "finishedAtMs"
    from batches where id = $1`,
    [batchId],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`batch ${batchId} is not stored`);
  return row;
}

/** Sentences on what the output file, as its account downloads it, lacks or has twice. */
async function findMissing(
  base: { url: string; key: string },
  fileId: string | null,
  lines: number,
): Promise<string[]> {
  const answer = await fetch(`${base.url}/v1/files/${fileId}/content`, {
    headers: { authorization: `Bearer ${base.key}` },
  });
  const texts = (await answer.text()).split('\n').filter((text) => text !== '');
  const answered = new Set(
    texts
      .map((text) => JSON.parse(text) as { custom_id: string; response?: { status_code: number } })
      .filter(({ response }) => response?.status_code === 200)
      .map(({ custom_id }) => custom_id),
  );
  const missing = Array.from({ length: lines }, (_, n) => lineId(n)).filter((id) => !answered.has(id));
  return [
    ...(missing.length > 0
      ? [`${missing.length} of ${lines} lines are not answered, ${missing[0]} first`]
      : []),
    ...(texts.length > lines ? [`an output file of ${lines} lines has ${texts.length}`] : []),
  ];
}

function toRows(lines: number, measured: { gateway: Moved[]; bare: BareBatchResult[] }): Row[] {
  const figure = `a batch of ${lines.toLocaleString('en-US')} lines`;
  return [
    {
      figure,
      name: 'uploaded, checked, priced and held',
      unit: 'lines/s',
      values: measured.gateway.map(({ takenPerSecond }) => takenPerSecond),
      baseline: {
        name: 'parsed and inserted, 1,000 at a time',
        values: measured.bare.map(({ takenPerSecond }) => takenPerSecond),
      },
    },
    {
      figure,
      name: 'answers written to its output file',
      unit: 'lines/s',
      values: measured.gateway.map(({ writtenPerSecond }) => writtenPerSecond),
      baseline: {
        name: 'copied, 1,000 at a time',
        values: measured.bare.map(({ writtenPerSecond }) => writtenPerSecond),
      },
    },
    {
      figure,
      name: 'memory its intake adds to the API process',
      unit: 'MB',
      values: measured.gateway.map(({ apiMb }) => apiMb),
      baseline: null,
    },
    {
      figure,
      name: 'memory its intake adds to the worker process',
      unit: 'MB',
      values: measured.gateway.map(({ workerMb }) => workerMb),
      baseline: {
        name: 'what the inserting script adds',
        values: measured.bare.map(({ addedMb }) => addedMb),
      },
    },
  ];
}
