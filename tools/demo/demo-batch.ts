import { createReadStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import OpenAI from 'openai';
import type { Batch } from 'openai/resources/batches';
import type { ProgressBar } from '../stack/progress.ts';

/** The gateway and a key of the account that pays. */
export type Base = { url: string; key: string };

/** How a batch ended, and its output file. */
export type BatchResult = { batch: Batch; output: string };

const lookEveryMs = 100;

/** Runs a batch file as any user of OpenAI's SDK would: upload, create, look until it has ended, download. */
export async function runBatch(base: Base, file: string, bar: ProgressBar): Promise<BatchResult> {
  const openai = new OpenAI({ apiKey: base.key, baseURL: `${base.url}/v1` });
  const uploaded = await openai.files.create({ purpose: 'batch', file: createReadStream(file) });
  let batch = await openai.batches.create({
    input_file_id: uploaded.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  });
  while (!['completed', 'failed', 'expired', 'cancelled'].includes(batch.status)) {
    await pause(lookEveryMs);
    batch = await openai.batches.retrieve(batch.id);
    const { total = 0, completed = 0, failed = 0 } = batch.request_counts ?? {};
    bar.update(completed + failed, total, batch.status);
  }
  bar.stop();
  if (!batch.output_file_id) return { batch, output: '' };
  return { batch, output: await (await openai.files.content(batch.output_file_id)).text() };
}
