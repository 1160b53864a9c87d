import Anthropic from '@anthropic-ai/sdk';
import AnthropicBefore from 'anthropic-sdk-0';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';

let gateway: Gateway;
let anthropic: Anthropic;
let before: AnthropicBefore;

beforeAll(async () => {
  gateway = await startGateway({});
  const { key } = await gateway.openAccount('conformance', '100');
  anthropic = new Anthropic({ apiKey: key, baseURL: gateway.url, maxRetries: 0 });
  before = new AnthropicBefore({ apiKey: key, baseURL: gateway.url, maxRetries: 0 });
});
afterAll(() => gateway.close());

const models = ['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'];

const requestOf = (model: string, custom_id: string, text = `answer ${custom_id}`) => ({
  custom_id,
  params: { model, max_tokens: 30, messages: [{ role: 'user' as const, content: text }] },
});

const whenEnded = (id: string) =>
  waitFor(
    `the end of ${id}`,
    async () => {
      const batch = await anthropic.messages.batches.retrieve(id);
      return batch.processing_status === 'ended' ? batch : null;
    },
    60_000,
  );

async function resultsOf(id: string) {
  const results: Anthropic.Messages.MessageBatchIndividualResponse[] = [];
  for await (const result of await anthropic.messages.batches.results(id)) results.push(result);
  return results;
}

describe.each(models)('Anthropic SDK over %s', (model) => {
  test('messages.batches.create, retrieve and results', async () => {
    const ids = Array.from({ length: 8 }, (_, index) => `line-${index}`);
    const refused = { ...requestOf(model, 'refused'), params: { model, max_tokens: 10, messages: [] } };
    const created = await anthropic.messages.batches.create({
      requests: [...ids.map((id) => requestOf(model, id)), refused],
    });
    expect(created).toMatchObject({
      type: 'message_batch',
      processing_status: 'in_progress',
      request_counts: { processing: 9, succeeded: 0, errored: 0 },
      results_url: null,
    });
    const ended = await whenEnded(created.id);
    expect(ended.request_counts).toEqual({
      processing: 0,
      succeeded: 8,
      errored: 1,
      canceled: 0,
      expired: 0,
    });
    const results = await resultsOf(created.id);
    expect(results.map(({ custom_id }) => custom_id).sort()).toEqual([...ids, 'refused'].sort());
    const direct = await anthropic.messages.create(requestOf(model, 'line-0').params);
    const [first] = results;
    expect(first?.result).toMatchObject({ type: 'succeeded', message: { type: 'message', model } });
    if (first?.result.type === 'succeeded') {
      expect(first.result.message.content).toEqual(direct.content);
      expect(first.result.message.usage).toEqual(direct.usage);
    }
    expect(results.at(-1)?.result).toMatchObject({
      type: 'errored',
      error: { type: 'error', error: { type: 'invalid_request_error' } },
    });
  });

  test('messages.batches.cancel', async () => {
    const { id } = await anthropic.messages.batches.create({
      requests: ['a', 'b'].map((name) => requestOf(model, name, `[[latency:8000]] ${name}`)),
    });
    await waitFor('it to run', async () => {
      const rows = await gateway.sql`select id from jobs where batch_id = ${id} and state = 'running'`;
      return rows.length === 2;
    });
    expect((await anthropic.messages.batches.cancel(id)).processing_status).toBe('canceling');
    expect(await whenEnded(id)).toMatchObject({ request_counts: { canceled: 2, succeeded: 0 } });
    expect((await resultsOf(id)).map(({ result }) => result.type)).toEqual(['canceled', 'canceled']);
  });
});

describe('Anthropic SDK over anthropic/claude-haiku-4-5', () => {
  const model = 'anthropic/claude-haiku-4-5';

  test('messages.batches.list, both ways', async () => {
    const made: string[] = [];
    for (const name of ['one', 'two', 'three']) {
      const batch = await anthropic.messages.batches.create({ requests: [requestOf(model, name)] });
      made.unshift(batch.id);
    }
    const listed: string[] = [];
    for await (const { id } of anthropic.messages.batches.list({ limit: 1 })) listed.push(id);
    expect(listed.slice(0, 3)).toEqual(made);
    const back = await anthropic.messages.batches.list({ before_id: made[2] ?? '', limit: 1 });
    expect(back.data.map(({ id }) => id)).toEqual([made[1]]);
    expect(back.has_more).toBe(true);
    await Promise.all(made.map(whenEnded));
  });

  test('messages.batches.delete', async () => {
    const { id } = await anthropic.messages.batches.create({ requests: [requestOf(model, 'one')] });
    await whenEnded(id);
    expect(await anthropic.messages.batches.delete(id)).toEqual({ id, type: 'message_batch_deleted' });
    await expect(anthropic.messages.batches.retrieve(id)).rejects.toBeInstanceOf(Anthropic.NotFoundError);
    const texts = await gateway.sql`
      select job_id from job_results join jobs j on j.id = job_id where j.batch_id = ${id}`;
    expect(texts).toHaveLength(0);
  });

  test('messages.batches.create of a batch that costs more than there is', async () => {
    const { key } = await gateway.openAccount('poor', '0.001');
    const poor = new Anthropic({ apiKey: key, baseURL: gateway.url, maxRetries: 0 });
    const requests = Array.from({ length: 100 }, (_, index) => requestOf(model, `line-${index}`));
    const { id } = await poor.messages.batches.create({ requests });
    const ended = await waitFor('its end', async () => {
      const batch = await poor.messages.batches.retrieve(id);
      return batch.processing_status === 'ended' ? batch : null;
    });
    expect(ended.request_counts).toMatchObject({ errored: 100, processing: 0 });
    const types = new Set<string>();
    for await (const { result } of await poor.messages.batches.results(id)) {
      types.add(result.type === 'errored' ? result.error.error.type : result.type);
    }
    expect([...types]).toEqual(['billing_error']);
  });

  test('messages.batches.create with a custom_id twice', async () => {
    const requests = [requestOf(model, 'same'), requestOf(model, 'same')];
    await expect(anthropic.messages.batches.create({ requests })).rejects.toMatchObject({
      status: 400,
      error: { error: { type: 'invalid_request_error' } },
    });
  });
});

describe.each(models)('Anthropic SDK 0.x over %s', (model) => {
  test('messages.batches.create, retrieve and results', async () => {
    const { id } = await before.messages.batches.create({ requests: [requestOf(model, 'one')] });
    await whenEnded(id);
    const results: { custom_id: string; result: { type: string } }[] = [];
    for await (const result of await before.messages.batches.results(id)) results.push(result);
    expect(results).toMatchObject([{ custom_id: 'one', result: { type: 'succeeded' } }]);
  });
});
