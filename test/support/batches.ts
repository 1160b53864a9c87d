import type OpenAI from 'openai';
import { toFile } from 'openai';
import type { Batch } from 'openai/resources/batches';
import { waitFor } from './wait-for.ts';

export type BatchEndpoint = '/v1/chat/completions' | '/v1/responses';

/** A line of a batch file that asks for a short chat completion. `body` overrides what is asked. */
export function chatLine(customId: string, model: string, prompt: string, body: object = {}): string {
  const messages = [{ role: 'user', content: prompt }];
  return JSON.stringify({
    custom_id: customId,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model, messages, max_completion_tokens: 20, ...body },
  });
}

/** Uploads these lines as a batch file; gives its id. */
export async function uploadLines(openai: OpenAI, lines: string[]): Promise<string> {
  const file = await toFile(Buffer.from(lines.map((line) => `${line}\n`).join('')), 'lines.jsonl');
  return (await openai.files.create({ purpose: 'batch', file })).id;
}

/** Begins a batch of these lines. */
export async function createBatch(
  openai: OpenAI,
  lines: string[],
  endpoint: BatchEndpoint = '/v1/chat/completions',
): Promise<Batch> {
  const input_file_id = await uploadLines(openai, lines);
  return await openai.batches.create({ input_file_id, endpoint, completion_window: '24h' });
}

const finalStates = ['completed', 'failed', 'expired', 'cancelled'];

/** The batch once it has ended. */
export async function whenBatchEnded(openai: OpenAI, id: string, timeoutMs = 60_000): Promise<Batch> {
  return await waitFor(
    `the end of ${id}`,
    async () => {
      const batch = await openai.batches.retrieve(id);
      return finalStates.includes(batch.status) ? batch : undefined;
    },
    timeoutMs,
  );
}

// biome-ignore lint/suspicious/noExplicitAny: tests look at any field
export type AnsweredLine = { id: string; custom_id: string; response: any; error: any };

/** The lines of an output or error file; none when there is no file. */
export async function readLines(openai: OpenAI, fileId: string | null | undefined): Promise<AnsweredLine[]> {
  if (fileId === null || fileId === undefined) return [];
  const text = await (await openai.files.content(fileId)).text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AnsweredLine);
}
