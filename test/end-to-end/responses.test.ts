import OpenAI from 'openai';
import type { Response, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, type Gateway, startGateway } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';
import { openReceiver } from '../workers/deliveries/receiver.ts';

let gateway: Gateway;
let account: Client;
let openai: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({});
  account = await gateway.openAccount('responses', '100');
  openai = new OpenAI({ apiKey: account.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});
afterAll(() => gateway.close());

const model = 'openai/gpt-5-mini';
const models = [model, 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'];
const slow = 'tell me of rivers [[chunk_delay:40]]';

async function collect(stream: AsyncIterable<ResponseStreamEvent>, atMost = Number.POSITIVE_INFINITY) {
  const events: ResponseStreamEvent[] = [];
  for await (const event of stream) {
    events.push(event);
    if (events.length >= atMost) break;
  }
  return events;
}

const textOf = (events: ResponseStreamEvent[]) =>
  events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');
const numbersOf = (events: ResponseStreamEvent[]) => events.map(({ sequence_number }) => sequence_number);
const upTo = (last: number) => Array.from({ length: last + 1 }, (_, index) => index);

async function whenDone(id: string): Promise<Response> {
  return await waitFor(`the end of ${id}`, async () => {
    const response = await openai.responses.retrieve(id);
    return response.status === 'queued' || response.status === 'in_progress' ? undefined : response;
  });
}

describe.each(models)('the Responses API over %s', (name) => {
  const body = { model: name, input: 'tell me of rivers', max_output_tokens: 60 };

  test('answers whole and in pieces with the same text and usage', async () => {
    const whole = await openai.responses.create(body);
    expect(whole).toMatchObject({ object: 'response', model: name, background: false });
    expect(whole.output_text.length).toBeGreaterThan(0);
    const events = await collect(await openai.responses.create({ ...body, stream: true }));
    expect(textOf(events)).toBe(whole.output_text);
    expect(numbersOf(events)).toEqual(upTo(events.length - 1));
    const last = events.at(-1) as { response: Response };
    expect(last.response.usage).toEqual(whole.usage);
    expect(last.response.status).toBe(whole.status);
  });

  test('calls functions, and goes on from their outputs by the id of the response', async () => {
    const tools = [
      {
        type: 'function' as const,
        name: 'weather',
        strict: false,
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      },
    ];
    const asked = await openai.responses.create({ ...body, tools, tool_choice: 'required' });
    const call = asked.output.find((item) => item.type === 'function_call');
    expect(call).toMatchObject({ name: 'weather', status: 'completed' });
    const streamed = await openai.responses
      .stream({ ...body, tools, tool_choice: 'required' })
      .finalResponse();
    expect(streamed.output.find((item) => item.type === 'function_call')).toMatchObject({ name: 'weather' });
    const answered = await openai.responses.create({
      ...body,
      tools,
      previous_response_id: asked.id,
      input: [{ type: 'function_call_output', call_id: call?.call_id ?? '', output: '21 degrees' }],
    });
    expect(answered.previous_response_id).toBe(asked.id);
    const { data } = await openai.responses.inputItems.list(answered.id, { order: 'asc' });
    expect(data.map(({ type }) => type)).toEqual(['message', 'function_call', 'function_call_output']);
    const list = (after: string) => openai.responses.inputItems.list(answered.id, { order: 'asc', after });
    expect((await list((data[1] as { id: string }).id)).data).toEqual(data.slice(2));
    await expect(list('item_none')).rejects.toMatchObject({ status: 400, param: 'after' });
  });
});

describe('a response in the background', () => {
  test('is answered at once, done later, and replayed to whoever comes, from any event on', async () => {
    const begun = await openai.responses.create({ model, input: 'tell me of rivers', background: true });
    expect(begun).toMatchObject({ status: 'queued', background: true, output: [] });
    const done = await whenDone(begun.id);
    expect(done.status).toBe('completed');
    const events = await collect(await openai.responses.retrieve(begun.id, { stream: true }));
    expect(textOf(events)).toBe(done.output_text);
    expect(events[0]).toMatchObject({ type: 'response.created', response: { status: 'queued', output: [] } });
    expect(numbersOf(events)).toEqual(upTo(events.length - 1));
    for (const after of [0, 3, events.length - 2]) {
      const rest = await collect(
        await openai.responses.retrieve(begun.id, { stream: true, starting_after: after }),
      );
      expect(rest).toEqual(events.slice(after + 1));
    }
  });

  test('goes on when its reader leaves, and the reader comes back where it was', async () => {
    const body = { model, input: slow, background: true, stream: true as const };
    const first = await collect(await openai.responses.create(body), 8);
    const [created] = first as { response: Response }[];
    const id = created?.response.id ?? '';
    const after = first.at(-1)?.sequence_number ?? 0;
    const rest = await collect(await openai.responses.retrieve(id, { stream: true, starting_after: after }));
    const all = [...first, ...rest];
    expect(numbersOf(all)).toEqual(upTo(all.length - 1));
    expect(textOf(all)).toBe((await openai.responses.retrieve(id)).output_text);
  });

  test('survives the end of every process', async () => {
    const other = await startGateway({ roles: ['api', 'workers'], env: { LEASE_SECONDS: '2' } });
    try {
      const { key } = await other.openAccount('restarted', '10');
      const before = new OpenAI({ apiKey: key, baseURL: `${other.url}/v1`, maxRetries: 0 });
      const body = { model, input: slow, background: true, stream: true as const };
      const seen = await collect(await before.responses.create(body), 6);
      const id = (seen[0] as { response: Response }).response.id;
      await Promise.all(other.processes().map((one) => one.kill('SIGKILL')));
      const api = await other.spawn('api');
      await other.spawn('workers');
      const after = new OpenAI({ apiKey: key, baseURL: `${api.url}/v1`, maxRetries: 0 });
      const last = seen.at(-1)?.sequence_number ?? 0;
      const rest = await collect(await after.responses.retrieve(id, { stream: true, starting_after: last }));
      expect(rest.at(-1)).toMatchObject({ type: 'response.completed' });
      const stored = await after.responses.retrieve(id);
      expect(stored.status).toBe('completed');
      expect((rest.at(-1) as { response: Response }).response.output).toEqual(stored.output);
      const done = rest.findLast((event) => event.type === 'response.output_text.done') as { text: string };
      expect(done.text).toBe(stored.output_text);
    } finally {
      await other.close();
    }
  });

  test('is cancelled once, and charged for what it had', async () => {
    const { id } = await openai.responses.create({ model, input: 'wait [[latency:9000]]', background: true });
    const cancelled = await openai.responses.cancel(id);
    expect(cancelled).toMatchObject({ id, status: 'cancelled', output: [] });
    expect((await openai.responses.cancel(id)).status).toBe('cancelled');
    const keyed = { headers: { 'idempotency-key': `cancel ${id}` } };
    await openai.responses.cancel(id, keyed);
    const again = await openai.responses.cancel(id, keyed).asResponse();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const events = await collect(await openai.responses.retrieve(id, { stream: true }));
    expect(events.at(-1)).toMatchObject({ type: 'response.cancelled' });
  });

  test('that failed says why', async () => {
    const { id } = await openai.responses.create({ model, input: 'no [[fault:400]]', background: true });
    expect(await whenDone(id)).toMatchObject({ status: 'failed', error: { code: 'invalid_prompt' } });
  });

  test('is told to the endpoints of its account under its own name', async () => {
    const receiver = await openReceiver();
    try {
      const event_types = ['response.completed', 'response.failed', 'job.succeeded'];
      const made = await account.call('POST /v1/webhook_endpoints', {
        name: 'told',
        url: receiver.url,
        event_types,
      });
      const { id } = await openai.responses.create({ model, input: 'hello', background: true });
      const reported = await waitFor('its webhook', () =>
        receiver.received.find(({ body }) => body.includes(id)),
      );
      const headers = new Headers(reported.headers as Record<string, string>);
      const event = await openai.webhooks.unwrap(reported.body, headers, made.json.signing_secret);
      expect(event).toMatchObject({ type: 'response.completed', data: { id } });
    } finally {
      await receiver.close();
    }
  });
});

describe('what is refused', () => {
  const refused = async (work: PromiseLike<unknown>) =>
    await Promise.resolve(work).then(
      () => null,
      (error: unknown) => error as InstanceType<typeof OpenAI.APIError>,
    );

  test('a response that was not to be stored cannot be found, nor one that was deleted, nor somebody else’s', async () => {
    const unstored = await openai.responses.create({ model, input: 'hello', store: false });
    expect((await refused(openai.responses.retrieve(unstored.id)))?.status).toBe(404);
    const stored = await openai.responses.create({ model, input: 'hello' });
    const other = await gateway.openAccount('other-responses', '1');
    const others = new OpenAI({ apiKey: other.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
    expect((await refused(others.responses.retrieve(stored.id)))?.status).toBe(404);
    await openai.responses.delete(stored.id);
    expect((await refused(openai.responses.retrieve(stored.id)))?.status).toBe(404);
  });

  test('one that is deleted before its end is stopped', async () => {
    const { id } = await openai.responses.create({ model, input: 'wait [[latency:9000]]', background: true });
    await openai.responses.delete(id);
    expect((await refused(openai.responses.retrieve(id)))?.status).toBe(404);
    const jobId = id.replace('resp_', 'job_');
    const ended = await waitFor('its end', async () => {
      const { json } = await account.call(`GET /v1/jobs/${jobId}`);
      return json.finished_at === null ? undefined : json.status;
    });
    expect(ended).toBe('cancelled');
  });

  test.each([
    ['conversation', { conversation: 'conv_1' }],
    ['tools', { tools: [{ type: 'web_search' }] }],
    ['model', { model: 'nobody/knows' }],
    ['max_output_tokens', { max_output_tokens: 9_999_999 }],
    [
      'input',
      {
        input: [
          {
            type: 'message',
            role: 'user',
            content: [{ type: 'input_image', image_url: 'https://a.example/x.png' }],
          },
        ],
        model: 'google/gemini-2.5-flash',
      },
    ],
    ['previous_response_id', { previous_response_id: 'resp_0' }],
  ])('what cannot be done is refused by the name of its field: %s', async (param, more) => {
    const body = { model, input: 'hello', ...more } as OpenAI.Responses.ResponseCreateParamsNonStreaming;
    const error = await refused(openai.responses.create(body));
    expect(error?.param).toMatch(new RegExp(`^${param}`));
  });

  test('only what runs in the background can be cancelled', async () => {
    const { id } = await openai.responses.create({ model, input: 'hello' });
    expect((await refused(openai.responses.cancel(id)))?.status).toBe(409);
  });
});
