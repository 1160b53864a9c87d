import OpenAI from 'openai';
import type { ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway.ts';

let gateway: Gateway;
let openai: OpenAI;
/** The same SDK, pointed straight at the provider's double. */
let direct: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({});
  const { key } = await gateway.openAccount('conformance', '100');
  openai = new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  direct = new OpenAI({ apiKey: 'any', baseURL: `${gateway.simulatorUrl}/v1`, maxRetries: 0 });
});
afterAll(() => gateway.close());

const models = ['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'];
const messages = [{ role: 'user' as const, content: 'tell me of rivers' }];
const tools = [
  {
    type: 'function' as const,
    function: {
      name: 'weather',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
];
const image =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

type Ask = Omit<ChatCompletionCreateParamsNonStreaming, 'model'>;

/** The answer through the gateway, and straight from the provider when it speaks OpenAI's protocol. */
async function both(model: string, body: Ask) {
  const ours = await openai.chat.completions.create({ ...body, model });
  const [provider, name = ''] = model.split('/');
  const theirs =
    provider === 'openai' ? await direct.chat.completions.create({ ...body, model: name }) : null;
  return { ours, theirs };
}

const saying = ({ choices }: OpenAI.ChatCompletion) => choices.map(({ message }) => message.content);

describe.each(models)('OpenAI SDK over %s', (model) => {
  test('chat.completions.create', async () => {
    const { ours, theirs } = await both(model, { messages, max_completion_tokens: 60 });
    expect(ours).toMatchObject({ object: 'chat.completion', model });
    expect(saying(ours)[0]?.length).toBeGreaterThan(0);
    if (theirs === null) return;
    expect(saying(ours)).toEqual(saying(theirs));
    expect(ours.usage?.prompt_tokens).toBe(theirs.usage?.prompt_tokens);
    expect(ours.usage?.completion_tokens).toBe(theirs.usage?.completion_tokens);
    expect(ours.choices[0]?.finish_reason).toBe(theirs.choices[0]?.finish_reason);
  });

  test('chat.completions.create({ stream: true, stream_options })', async () => {
    const { ours } = await both(model, { messages, max_completion_tokens: 60 });
    const stream = await openai.chat.completions.create({
      model,
      messages,
      max_completion_tokens: 60,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(saying(ours)[0]);
    expect(usage).toEqual(ours.usage);
  });

  test('chat.completions.stream().finalChatCompletion()', async () => {
    const { ours } = await both(model, { messages, max_completion_tokens: 60 });
    const final = await openai.chat.completions
      .stream({ model, messages, max_completion_tokens: 60 })
      .finalChatCompletion();
    expect(saying(final)).toEqual(saying(ours));
  });

  test('tools, tool_choice and tool results', async () => {
    const body = { messages, tools, tool_choice: 'required' as const };
    const { ours, theirs } = await both(model, body);
    const call = ours.choices[0]?.message.tool_calls?.[0];
    expect(call).toMatchObject({ type: 'function', function: { name: 'weather' } });
    expect(ours.choices[0]?.finish_reason).toBe('tool_calls');
    if (theirs !== null && call?.type === 'function') {
      const [other] = theirs.choices[0]?.message.tool_calls ?? [];
      expect(other).toMatchObject({ function: { arguments: call.function.arguments } });
    }
    const turn = ours.choices[0]?.message;
    if (turn === undefined) throw new Error('no turn');
    const result = { role: 'tool' as const, tool_call_id: call?.id ?? '', content: '21 degrees' };
    const answered = await both(model, { messages: [...messages, turn, result], tools });
    expect(saying(answered.ours)[0]?.length).toBeGreaterThan(0);
  });

  test('images in a message', async () => {
    const content = [
      { type: 'text' as const, text: 'what is this?' },
      { type: 'image_url' as const, image_url: { url: image } },
    ];
    const { ours, theirs } = await both(model, { messages: [{ role: 'user', content }] });
    expect(saying(ours)[0]?.length).toBeGreaterThan(0);
    if (theirs !== null) expect(saying(ours)).toEqual(saying(theirs));
  });

  test('response_format: json_schema', async () => {
    const schema = { type: 'object', properties: { river: { type: 'string' } }, required: ['river'] };
    const response_format = { type: 'json_schema' as const, json_schema: { name: 'river', schema } };
    const { ours } = await both(model, { messages, response_format });
    expect(typeof JSON.parse(saying(ours)[0] ?? '').river).toBe('string');
  });

  test('system and developer messages', async () => {
    const system = { role: 'system' as const, content: 'be brief' };
    const developer = { role: 'developer' as const, content: 'be briefer' };
    const { ours } = await both(model, { messages: [system, developer, ...messages] });
    expect(saying(ours)[0]?.length).toBeGreaterThan(0);
  });

  test('models.retrieve and models.list', async () => {
    expect(await openai.models.retrieve(model)).toMatchObject({ id: model, object: 'model' });
    const ids: string[] = [];
    for await (const { id } of openai.models.list()) ids.push(id);
    expect(ids).toContain(model);
  });

  test('responses.create', async () => {
    const { ours } = await both(model, { messages, max_completion_tokens: 60 });
    const response = await openai.responses.create({
      model,
      input: 'tell me of rivers',
      max_output_tokens: 60,
    });
    expect(response.output_text).toBe(saying(ours)[0]);
    expect(response.usage?.output_tokens).toBe(ours.usage?.completion_tokens);
  });

  test('responses.create({ stream: true }) and responses.stream()', async () => {
    const body = { model, input: 'tell me of rivers', max_output_tokens: 60 };
    const whole = await openai.responses.create(body);
    let text = '';
    for await (const event of await openai.responses.create({ ...body, stream: true })) {
      if (event.type === 'response.output_text.delta') text += event.delta;
    }
    expect(text).toBe(whole.output_text);
    expect((await openai.responses.stream(body).finalResponse()).output_text).toBe(whole.output_text);
  });

  test('responses.create({ background: true }), retrieve({ stream, starting_after }) and delete', async () => {
    const { id } = await openai.responses.create({ model, input: 'tell me of rivers', background: true });
    const numbers: number[] = [];
    let last: { type: string; response?: OpenAI.Responses.Response } | undefined;
    for await (const event of await openai.responses.retrieve(id, { stream: true, starting_after: 1 })) {
      numbers.push(event.sequence_number);
      last = event;
    }
    expect(numbers).toEqual(numbers.map((_, index) => index + 2));
    expect(last).toMatchObject({ type: 'response.completed' });
    expect((await openai.responses.retrieve(id)).output).toEqual(last?.response?.output);
    await openai.responses.delete(id);
    await expect(openai.responses.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  test('responses.cancel', async () => {
    const input = 'wait [[latency:9000]]';
    const { id } = await openai.responses.create({ model, input, background: true });
    expect(await openai.responses.cancel(id)).toMatchObject({ id, status: 'cancelled' });
  });

  test('responses.inputItems.list', async () => {
    const { id } = await openai.responses.create({ model, input: 'hello' });
    const { data } = await openai.responses.inputItems.list(id);
    expect(data).toMatchObject([{ type: 'message', role: 'user', content: [{ text: 'hello' }] }]);
  });
});

describe('OpenAI SDK over openai/gpt-5-mini', () => {
  test('n, stop and seed', async () => {
    const model = 'openai/gpt-4o-mini';
    const { ours, theirs } = await both(model, { messages, n: 2, stop: ['lorem'], seed: 7, max_tokens: 40 });
    expect(ours.choices).toHaveLength(2);
    expect(saying(ours)).toEqual(theirs === null ? [] : saying(theirs));
  });

  test.each([400, 404, 413, 500])('the error class of a provider that answers %i', async (status) => {
    const body = { messages: [{ role: 'user' as const, content: `no [[fault:code status=${status}]]` }] };
    const refused = (client: OpenAI, model: string) =>
      client.chat.completions.create({ ...body, model }).then(
        () => null,
        (error: unknown) => error as InstanceType<typeof OpenAI.APIError>,
      );
    const theirs = await refused(direct, 'gpt-5-mini');
    const ours = await refused(openai, 'openai/gpt-5-mini');
    expect(theirs?.status).toBe(status);
    expect(ours?.constructor).toBe(theirs?.constructor);
    // The provider's own failure is a bad gateway's here.
    expect(ours?.status).toBe(status < 500 ? status : 502);
  });
});
