import type { Database } from '../../src/shared/platform/postgres/database.ts';
import type { Client } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';
import type { BatchFile } from './batch-files.ts';
import type { Violation } from './oracles/violation.ts';

type Tools = {
  sql: Database;
  client: Client;
  /** Uploads a file; null when it was refused. */
  upload(content: string): Promise<string | null>;
};

/** An account may have only so many open at once. */
const atOnce = 4;
const endsWithinMs = 240_000;
/** Many are waited for while the machine is busy. */
const lookEveryMs = 100;

/**
 * Estimates and begins a batch of every file, waits until each has ended, and says what did not end as a
 * batch should.
 */
export async function runBatches(tools: Tools, files: BatchFile[]): Promise<Violation[]> {
  const left = [...files];
  const found: Violation[] = [];
  const runNext = async () => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      found.push(...(await runBatch(tools, file)));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, runNext));
  return found;
}

async function runBatch(tools: Tools, file: BatchFile): Promise<Violation[]> {
  const { client } = tools;
  const { how, endpoint, content } = file;
  const note = (detail: string): Violation => ({ oracle: 'batches', on: how, detail });
  const fileId = await tools.upload(content);
  if (fileId === null) return [];
  const estimate = await client.call('POST /v1/batches/estimate', { input_file_id: fileId, endpoint });
  if (estimate.status >= 500) return [note(`an estimate of status ${estimate.status}`)];
  if (file.onlyEstimated === true) return [];
  const batch = await client.call('POST /v1/batches', {
    input_file_id: fileId,
    endpoint,
    completion_window: '24h',
  });
  if (batch.status !== 200) return [note(`not begun: ${JSON.stringify(batch.json).slice(0, 200)}`)];
  return await checkBatch(tools.sql, batch.json.id, note);
}

/** Begins a message batch of this body, and looks at it as at any other. */
export async function runMessageBatch(tools: Tools, url: string, body: string): Promise<Violation[]> {
  const note = (detail: string): Violation => ({
    oracle: 'batches',
    on: 'every field of every message',
    detail,
  });
  const answer = await fetch(`${url}/v1/messages/batches`, {
    method: 'POST',
    headers: { 'x-api-key': tools.client.key, 'content-type': 'application/json' },
    body,
  });
  const text = await answer.text();
  if (answer.status !== 200) return [note(`not begun: ${text.slice(0, 300)}`)];
  return await checkBatch(tools.sql, (JSON.parse(text) as { id: string }).id, note);
}

async function checkBatch(
  sql: Database,
  id: string,
  note: (detail: string) => Violation,
): Promise<Violation[]> {
  const ended = async () => {
    await new Promise((next) => setTimeout(next, lookEveryMs));
    return (await sql`select 1 from batches where id = ${id} and finished_at is not null`).length === 1;
  };
  const hasEnded = await waitFor(`the end of ${id}`, ended, endsWithinMs).catch(() => false);
  if (!hasEnded) return [note('it does not end')];
  const [batch] = await sql<{ errors: string | null; counted: boolean }[]>`
    select errors::text, completed + failed + cancelled + expired = total as counted
    from batches where id = ${id}`;
  const bugs = await sql<{ line: number; refusal: string }[]>`
    select line, refusal::text from batch_lines
    where batch_id = ${id} and refusal::text ~ 'internal|stack|undefined' limit 3`;
  return [
    ...(batch?.counted === true ? [] : [note('not every line was counted once')]),
    ...(/internal|undefined/.test(batch?.errors ?? '')
      ? [note(`ended by an error of ours: ${batch?.errors?.slice(0, 200)}`)]
      : []),
    ...bugs.map(({ line, refusal }) => note(`line ${line}: ${refusal.slice(0, 200)}`)),
  ];
}
