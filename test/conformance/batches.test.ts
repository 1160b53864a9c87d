import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BatchEndpoint,
  createBatch,
  readLines,
  uploadLines,
  whenBatchEnded,
} from '../support/batches.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';

let gateway: Gateway;
let openai: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({});
  const { key } = await gateway.openAccount('conformance', '100');
  openai = new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});
afterAll(() => gateway.close());

const models = ['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'];

function lineOf(model: string, endpoint: BatchEndpoint, custom_id: string): string {
  const body =
    endpoint === '/v1/responses'
      ? { model, input: `answer ${custom_id}`, max_output_tokens: 30 }
      : { model, messages: [{ role: 'user', content: `answer ${custom_id}` }], max_completion_tokens: 30 };
  return JSON.stringify({ custom_id, method: 'POST', url: endpoint, body });
}

describe.each(models)('OpenAI SDK over %s', (model) => {
  test.each(['/v1/chat/completions', '/v1/responses'] as const)('batches.create for %s', async (endpoint) => {
    const ids = Array.from({ length: 12 }, (_, index) => `line-${index}`);
    const fileId = await uploadLines(
      openai,
      ids.map((id) => lineOf(model, endpoint, id)),
    );
    const created = await openai.batches.create({
      input_file_id: fileId,
      endpoint,
      completion_window: '24h',
      metadata: { team: 'conformance' },
    });
    expect(created).toMatchObject({
      object: 'batch',
      status: 'validating',
      metadata: { team: 'conformance' },
    });
    const ended = await whenBatchEnded(openai, created.id);
    expect(ended).toMatchObject({
      status: 'completed',
      request_counts: { total: 12, completed: 12, failed: 0 },
    });
    const output = await readLines(openai, ended.output_file_id);
    expect(output.map(({ custom_id }) => custom_id).sort()).toEqual([...ids].sort());
    expect(output[0]).toMatchObject({ error: null, response: { status_code: 200, body: { model } } });
    expect(output[0]?.response.body.object).toBe(
      endpoint === '/v1/responses' ? 'response' : 'chat.completion',
    );
    const listed: string[] = [];
    for await (const { id } of openai.batches.list({ limit: 2 })) listed.push(id);
    expect(listed).toContain(created.id);
  });

  test('batches.cancel', async () => {
    const lines = ['a', 'b', 'c'].map((id) =>
      lineOf(model, '/v1/chat/completions', `[[latency:8000]] ${id}`),
    );
    const { id } = await createBatch(openai, lines);
    await waitFor('it to run', async () => (await openai.batches.retrieve(id)).status === 'in_progress');
    expect((await openai.batches.cancel(id)).status).toMatch(/^cancell/);
    expect((await whenBatchEnded(openai, id)).status).toBe('cancelled');
  });
});

describe('OpenAI SDK over openai/gpt-5-mini', () => {
  test('files.create, list, retrieve, content and delete', async () => {
    const lines = [lineOf(models[0] ?? '', '/v1/chat/completions', 'one')];
    const file = await openai.files.retrieve(await uploadLines(openai, lines));
    expect(file).toMatchObject({ object: 'file', purpose: 'batch', filename: 'lines.jsonl' });
    expect(file.bytes).toBe(Buffer.byteLength(`${lines.join('\n')}\n`));
    const listed: string[] = [];
    for await (const { id } of openai.files.list({ purpose: 'batch' })) listed.push(id);
    expect(listed).toContain(file.id);
    expect(await (await openai.files.content(file.id)).text()).toBe(`${lines.join('\n')}\n`);
    expect(await openai.files.delete(file.id)).toMatchObject({ id: file.id, deleted: true });
    await expect(openai.files.retrieve(file.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});
