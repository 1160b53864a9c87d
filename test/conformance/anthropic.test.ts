import Anthropic from '@anthropic-ai/sdk';
import AnthropicBefore from 'anthropic-sdk-0';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway.ts';

let gateway: Gateway;
let anthropic: Anthropic;
/** The same SDK, pointed straight at the provider's double. */
let direct: Anthropic;

beforeAll(async () => {
  gateway = await startGateway({});
  const { key } = await gateway.openAccount('conformance', '100');
  anthropic = new Anthropic({ apiKey: key, baseURL: gateway.url, maxRetries: 0 });
  direct = new Anthropic({ apiKey: 'any', baseURL: gateway.simulatorUrl, maxRetries: 0 });
});
afterAll(() => gateway.close());

const models = ['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'];
const messages = [{ role: 'user' as const, content: 'tell me of rivers' }];
const image =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const textOf = ({ content }: Anthropic.Message) =>
  content.map((block) => (block.type === 'text' ? block.text : '')).join('');

describe.each(models)('Anthropic SDK over %s', (model) => {
  const body = { model, messages, max_tokens: 60 };

  test('messages.create', async () => {
    const ours = await anthropic.messages.create(body);
    expect(ours).toMatchObject({ type: 'message', role: 'assistant', model });
    expect(textOf(ours).length).toBeGreaterThan(0);
    if (!model.startsWith('anthropic/')) return;
    const theirs = await direct.messages.create({ ...body, model: 'claude-haiku-4-5' });
    expect(textOf(ours)).toBe(textOf(theirs));
    expect(ours.stop_reason).toBe(theirs.stop_reason);
    expect(ours.usage.input_tokens).toBe(theirs.usage.input_tokens);
    expect(ours.usage.output_tokens).toBe(theirs.usage.output_tokens);
  });

  test('messages.create({ stream: true })', async () => {
    const whole = await anthropic.messages.create(body);
    let text = '';
    const types = new Set<string>();
    for await (const event of await anthropic.messages.create({ ...body, stream: true })) {
      types.add(event.type);
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
    }
    expect(text).toBe(textOf(whole));
    expect([...types]).toEqual(
      expect.arrayContaining(['message_start', 'content_block_start', 'message_delta', 'message_stop']),
    );
  });

  test('messages.stream().finalMessage()', async () => {
    const whole = await anthropic.messages.create(body);
    const final = await anthropic.messages.stream(body).finalMessage();
    expect(final.content).toEqual(whole.content);
    expect(final.usage.output_tokens).toBe(whole.usage.output_tokens);
  });

  test('tools, tool_choice and tool results', async () => {
    const tools = [
      {
        name: 'weather',
        input_schema: {
          type: 'object' as const,
          properties: { city: { type: 'string' } },
          required: ['city'],
        },
      },
    ];
    const asked = await anthropic.messages.create({ ...body, tools, tool_choice: { type: 'any' } });
    const use = asked.content.find((block) => block.type === 'tool_use');
    expect(use).toMatchObject({ name: 'weather' });
    expect(asked.stop_reason).toBe('tool_use');
    const result = { type: 'tool_result' as const, tool_use_id: use?.id ?? '', content: 'rain' };
    const turns = [
      ...messages,
      { role: 'assistant' as const, content: asked.content },
      { role: 'user' as const, content: [result] },
    ];
    const answered = await anthropic.messages.create({ ...body, tools, messages: turns });
    expect(textOf(answered).length).toBeGreaterThan(0);
  });

  test('system and images', async () => {
    const source = { type: 'base64' as const, media_type: 'image/png' as const, data: image };
    const content = [
      { type: 'text' as const, text: 'what is this?' },
      { type: 'image' as const, source },
    ];
    const answer = await anthropic.messages.create({
      ...body,
      system: 'be brief',
      messages: [{ role: 'user', content }],
    });
    expect(textOf(answer).length).toBeGreaterThan(0);
  });

  test('messages.countTokens', async () => {
    const { input_tokens } = await anthropic.messages.countTokens({ model, messages });
    const { usage } = await anthropic.messages.create(body);
    expect(input_tokens).toBeGreaterThanOrEqual(usage.input_tokens);
  });
});

describe('Anthropic SDK over anthropic/claude-haiku-4-5', () => {
  test('models.list and models.retrieve', async () => {
    const ids: string[] = [];
    for await (const { id } of anthropic.models.list()) ids.push(id);
    expect(ids.some((id) => id.includes('claude-haiku-4-5'))).toBe(true);
    expect(await anthropic.models.retrieve('claude-haiku-4-5')).toMatchObject({ type: 'model' });
  });

  test.each([400, 404, 413, 500])('the error class of a provider that answers %i', async (status) => {
    const asked = {
      messages: [{ role: 'user' as const, content: `no [[fault:code status=${status}]]` }],
      max_tokens: 9,
    };
    const refused = (client: Anthropic) =>
      client.messages.create({ ...asked, model: 'claude-haiku-4-5' }).then(
        () => null,
        (error: unknown) => error as InstanceType<typeof Anthropic.APIError>,
      );
    const theirs = await refused(direct);
    expect(theirs?.status).toBe(status);
    const ours = await refused(anthropic);
    expect(ours?.constructor).toBe(theirs?.constructor);
    expect(ours?.type).toBe(theirs?.type);
    // The provider's own failure is a bad gateway's here.
    expect(ours?.status).toBe(status < 500 ? status : 502);
  });
});

describe.each(models)('Anthropic SDK 0.x over %s', (model) => {
  const body = { model, messages, max_tokens: 60 };
  const older = () => new AnthropicBefore({ apiKey: anthropic.apiKey, baseURL: gateway.url, maxRetries: 0 });

  test('messages.create', async () => {
    const [ours, same] = [await older().messages.create(body), await anthropic.messages.create(body)];
    expect(ours.content).toEqual(same.content);
  });

  test('messages.stream().finalMessage()', async () => {
    const whole = await older().messages.create(body);
    expect((await older().messages.stream(body).finalMessage()).content).toEqual(whole.content);
  });

  test('messages.countTokens', async () => {
    const { input_tokens } = await older().messages.countTokens({ model, messages });
    expect(input_tokens).toBeGreaterThan(0);
  });
});
