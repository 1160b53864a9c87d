import { readFileSync } from 'node:fs';
import { callApi } from './admin.ts';
import type { ProgressBar } from './progress.ts';

/** The gateway and a key of the account that pays. */
export type Base = { url: string; key: string };

type Line = { custom_id: string; body: Record<string, unknown> };
type Job = { id: string; status: string; model: string; charge_usd: string | null; result: unknown };

/** What came back for one line. */
export type LineResult = { customId: string; job: Job };

/** How many requests are under way at once. */
const concurrency = 8;

/**
 * Submits every line of a batch file as a job of its own, waits for all of them and gives their results in the order of the
 * file. Each line carries an Idempotency-Key, so that running it again within the same run would run nothing twice.
 */
export async function runBatch(
  base: Base,
  file: string,
  runId: string,
  bar: ProgressBar,
): Promise<LineResult[]> {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Line);
  bar.start(lines.length);
  const results = await inParallel(lines, async (line) => {
    const jobId = await submit(base, line, runId);
    const job = await waitForEnd(base, jobId);
    bar.step(`${job.status} ${job.model}`);
    return { customId: line.custom_id, job };
  });
  bar.stop();
  return results;
}

async function submit(base: Base, line: Line, runId: string): Promise<string> {
  const { body } = await callApi(base, 'POST', '/v1/jobs', {
    body: { request: line.body, priority: 'batch', metadata: { batch: runId, custom_id: line.custom_id } },
    headers: { 'idempotency-key': `${runId}-${line.custom_id}` },
    expected: [202],
  });
  return (body as { id: string }).id;
}

async function waitForEnd(base: Base, jobId: string): Promise<Job> {
  for (;;) {
    const { body } = await callApi(base, 'GET', `/v1/jobs/${jobId}?wait=30`);
    const job = body as Job;
    if (job.status !== 'queued' && job.status !== 'running') return job;
  }
}

async function inParallel<Item, Result>(
  items: Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  let next = 0;
  const lanes = Array.from({ length: concurrency }, async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await work(items[index] as Item);
    }
  });
  await Promise.all(lanes);
  return results;
}
