import { readFileSync, writeFileSync } from 'node:fs';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chatLine, createBatch, whenBatchEnded } from '../support/batches.ts';
import { type Client, type Gateway, type GatewayProcess, startGateway } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';

let gateway: Gateway;
let account: Client;
let openai: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({ roles: ['api', 'workers'] });
  account = await gateway.openAccount('batch-size', '1000000');
  openai = new OpenAI({ apiKey: account.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  // What a process needs to do this at all, for however few lines, is not what a large file takes.
  const lines = Array.from({ length: 1000 }, (_, index) => chatLine(`line-${index}`, model, 'warm up'));
  await whenBatchEnded(openai, (await createBatch(openai, lines)).id);
});
afterAll(() => gateway.close());

const model = 'openai/gpt-5-mini';
const megabytesMax = 150;

/** Linux's own account of a process, in MB: what it has now, or the most it had since the last reset. */
function memoryOf({ pid }: GatewayProcess, what: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
}

/** Forgets the most a process had (proc(5), clear_refs: 5). */
const resetPeak = ({ pid }: GatewayProcess) => writeFileSync(`/proc/${pid}/clear_refs`, '5');

/** Sends a form whose file is made while it goes, as no client holds 200 MB at once either. */
async function upload(
  count: number,
  lineOf: (index: number) => string,
): Promise<{ id: string; bytes: number }> {
  const disposition = 'content-disposition: form-data; name=';
  async function* form() {
    yield `--x\r\n${disposition}"purpose"\r\n\r\nbatch\r\n`;
    yield `--x\r\n${disposition}"file"; filename="large.jsonl"\r\n\r\n`;
    for (let index = 0; index < count; index += 200) {
      const some = Array.from({ length: Math.min(200, count - index) }, (_, more) => lineOf(index + more));
      yield `${some.join('\n')}\n`;
    }
    yield '\r\n--x--\r\n';
  }
  const answer = await fetch(`${gateway.url}/v1/files`, {
    method: 'POST',
    headers: { authorization: `Bearer ${account.key}`, 'content-type': 'multipart/form-data; boundary=x' },
    body: ReadableStream.from(form()).pipeThrough(new TextEncoderStream()),
    duplex: 'half',
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as { id: string; bytes: number };
}

/** A batch file may have 200 MB; that takes half a minute, so by default it is less. */
const largeMb = Number(process.env['LARGE_FILE_MB'] ?? 40);

const padding = 'x'.repeat(100_000);
const sizes: [name: string, lines: number, prompt: (index: number) => string, bytesMin: number][] = [
  ['50,000 lines', 50_000, (index) => `answer ${index}`, 9_000_000],
  [`${largeMb} MB`, largeMb * 10, (index) => `answer ${index} ${padding}`, largeMb * 1_000_000],
];

test.skipIf(process.platform !== 'linux').each(sizes)(
  'a file of %s is taken in, validated and reserved with less than 150 MB more memory',
  async (_name, lines, prompt, bytesMin) => {
    for (const one of gateway.processes()) resetPeak(one);
    const before = gateway.processes().map((one) => memoryOf(one, 'VmRSS'));
    const file = await upload(lines, (index) => chatLine(`line-${index}`, model, prompt(index)));
    expect(file.bytes).toBeGreaterThan(bytesMin);
    const request = { endpoint: '/v1/chat/completions', completion_window: '24h' } as const;
    const { id } = await openai.batches.create({ ...request, input_file_id: file.id });
    const begun = await waitFor(
      'the batch to begin',
      async () => {
        const batch = await openai.batches.retrieve(id);
        return batch.status === 'validating' ? null : batch;
      },
      150_000,
    );
    const more = gateway.processes().map((one, index) => memoryOf(one, 'VmHWM') - (before[index] ?? 0));
    expect(begun).toMatchObject({ status: 'in_progress', request_counts: { total: lines } });
    expect(Math.max(...more)).toBeLessThan(megabytesMax);
    await openai.batches.cancel(id);
    expect((await whenBatchEnded(openai, id)).status).toBe('cancelled');
    const { json: balance } = await account.call('GET /v1/balance');
    expect(balance.held_usd).toBe('0.000000000');
  },
  180_000,
);
