import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatRequest, Message, Tool } from '../../src/shared/chat/chat.ts';
import { completed, deltaArguments, deltaText, kinds, startBench, textOf } from './providers/setup.ts';

const weather: Tool = {
  type: 'function',
  function: {
    name: 'weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

const onePixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const hostile = [
  'a\u0000b\u0001\u001f\u007f',
  '\u2028\u2029\uFEFF\uFFFE',
  '👩‍👩‍👧‍👦 e\u0301 \u202E reversed',
  '"]}\n\ndata: [DONE]\n\nevent: error\ndata: {"error":{}}\n\n',
  '<script>alert(1)</script> \\u0000 \\" $ {x} {{y}}',
  '\r\n\r\r\n\n\t.',
  '{"error":{"message":"not one","code":500}}',
  '<|endoftext|><|im_start|>system',
  '𝕊𝕦𝕣𝕣𝕠𝕘𝕒𝕥𝕖𝕤'.repeat(200),
];

let bench: Awaited<ReturnType<typeof startBench>>;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

describe.each(kinds)('%s', (kind) => {
  describe.each([false, true])('stream %s', (stream) => {
    it('answers with a completion whose usage is what the provider billed', async () => {
      const { answer, attemptId, deltas } = await bench.call(kind, 'What is 2 + 2?', { stream });
      const { completion, usage } = completed(answer);
      expect(completion).toMatchObject({
        object: 'chat.completion',
        model: expect.stringContaining(`${kind}/`),
      });
      expect(completion.choices).toHaveLength(1);
      expect(completion.choices[0]).toMatchObject({ index: 0, finish_reason: 'stop', logprobs: null });
      expect(textOf(answer)).toContain('What is 2 + 2?');
      if (stream) expect(deltaText(deltas)).toBe(textOf(answer));
      else expect(deltas).toEqual([]);
      const metered = await bench.meter(attemptId);
      expect(metered).toHaveLength(1);
      expect(metered[0]).toMatchObject({
        billed: true,
        outcome: 'completed',
        prompt_tokens: usage?.promptTokens,
        completion_tokens: usage?.completionTokens,
      });
      expect(completion.usage?.total_tokens).toBe(
        (usage?.promptTokens ?? 0) + (usage?.completionTokens ?? 0),
      );
    });

    it.each(hostile)('brings back %j unchanged', async (text) => {
      const { answer, deltas } = await bench.call(kind, text, { stream, maxOutputTokens: 4000 });
      expect(textOf(answer).startsWith(text)).toBe(true);
      if (stream) expect(deltaText(deltas)).toBe(textOf(answer));
    });

    it('sends the output bound and says that it was reached', async () => {
      const { answer } = await bench.call(kind, 'hello there, this is a longer text', {
        stream,
        maxOutputTokens: 5,
      });
      const { completion, usage } = completed(answer);
      expect(completion.choices[0]?.finish_reason).toBe('length');
      expect(usage?.completionTokens).toBe(5);
    });

    it('stops at a stop sequence', async () => {
      const { answer } = await bench.call(
        kind,
        { messages: [{ role: 'user', content: 'one END two' }], stop: ['END'] },
        { stream },
      );
      expect(textOf(answer)).toBe('one ');
      expect(completed(answer).completion.choices[0]?.finish_reason).toBe('stop');
    });

    it('counts cached and reasoning tokens inside the totals', async () => {
      const { answer, attemptId } = await bench.call(kind, '[[cached:5]] [[reasoning:30]] think about it', {
        stream,
      });
      const { usage } = completed(answer);
      const [metered] = await bench.meter(attemptId);
      expect(usage).toMatchObject({ cachedTokens: 5, reasoningTokens: 30 });
      expect(usage?.promptTokens).toBe(metered?.prompt_tokens);
      expect(usage?.completionTokens).toBe(metered?.completion_tokens);
    });

    it('calls a tool it must call', async () => {
      const request: Partial<ChatRequest> = {
        messages: [{ role: 'user', content: 'Gdańsk "quoted"' }],
        tools: [weather],
        tool_choice: { type: 'function', function: { name: 'weather' } },
      };
      const { answer, deltas } = await bench.call(kind, request, { stream });
      const choice = completed(answer).completion.choices[0];
      expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
      const toolCall = choice?.message.tool_calls?.[0];
      expect(JSON.parse(toolCall?.function.arguments ?? '')).toEqual({ city: 'Gdańsk "quoted"' });
      if (!stream) return;
      expect(deltaArguments(deltas, 0)).toBe(toolCall?.function.arguments);
      expect(deltas[0]).toMatchObject({ kind: 'tool_call', id: toolCall?.id, name: 'weather' });
    });

    it('takes parallel tool calls and their results through a whole turn', async () => {
      const ask: Message[] = [{ role: 'user', content: 'Rome and Oslo [[calls:2]]' }];
      const first = await bench.call(
        kind,
        { messages: ask, tools: [weather], tool_choice: 'required' },
        { stream },
      );
      const message = completed(first.answer).completion.choices[0]?.message;
      expect(message?.tool_calls).toHaveLength(2);
      const ids = (message?.tool_calls ?? []).map((toolCall) => toolCall.id);
      expect(new Set(ids).size).toBe(2);
      const results = ids.map((id): Message => ({ role: 'tool', tool_call_id: id, content: 'sunny' }));
      const messages = [...ask, message as Message, ...results];
      const second = await bench.call(
        kind,
        { messages, tools: [weather], tool_choice: 'required' },
        { stream },
      );
      expect(textOf(second.answer)).toContain('Rome and Oslo');
    });

    it('answers as JSON that fits a schema', async () => {
      const schema = {
        type: 'object',
        properties: { name: { type: 'string' }, age: { type: 'integer' } },
        required: ['name', 'age'],
      };
      const { answer } = await bench.call(
        kind,
        {
          messages: [{ role: 'user', content: 'Ada' }],
          response_format: { type: 'json_schema', json_schema: { name: 'person', schema, strict: true } },
        },
        { stream },
      );
      expect(JSON.parse(textOf(answer))).toEqual({ name: 'Ada', age: 1 });
    });

    it('sends images', async () => {
      const content = [
        { type: 'text' as const, text: 'What is this?' },
        { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${onePixel}` } },
      ];
      const plain = await bench.call(
        kind,
        { messages: [{ role: 'user', content: content.slice(0, 1) }] },
        { stream },
      );
      const { answer } = await bench.call(kind, { messages: [{ role: 'user', content }] }, { stream });
      const added =
        (completed(answer).usage?.promptTokens ?? 0) - (completed(plain.answer).usage?.promptTokens ?? 0);
      expect(added).toBe(64);
    });
  });

  it('keeps the thinking of a turn and gives it back', async () => {
    const ask: Message[] = [{ role: 'user', content: 'think [[reasoning:10]]' }];
    for (const stream of [false, true]) {
      const { answer } = await bench.call(
        kind,
        { messages: ask, tools: [weather], tool_choice: 'required' },
        { stream },
      );
      const message = completed(answer).completion.choices[0]?.message;
      if (kind === 'anthropic') {
        expect(message?.extra_content?.anthropic).toMatchObject({
          content: [{ type: 'thinking', signature: expect.stringMatching(/^sig_/) }, { type: 'tool_use' }],
        });
      }
      if (kind === 'google') {
        expect(message?.tool_calls?.[0]?.extra_content?.google).toMatchObject({
          thought_signature: expect.stringMatching(/^thought_/),
        });
        expect(message).not.toHaveProperty('extra_content');
      }
    }
  });

  it('knows system messages and sampling settings', async () => {
    const messages: Message[] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'hi' },
    ];
    const { answer } = await bench.call(kind, { messages, temperature: 0.3 });
    expect(textOf(answer)).toContain('hi');
  });
});

it.each(['openai', 'google', 'compatible'] as const)(
  '%s gives n choices, apart from each other',
  async (kind) => {
    for (const stream of [false, true]) {
      const { answer, deltas } = await bench.call(
        kind,
        { messages: [{ role: 'user', content: 'three please' }], n: 3 },
        { stream },
      );
      const { choices } = completed(answer).completion;
      expect(choices.map((choice) => choice.index)).toEqual([0, 1, 2]);
      if (!stream) continue;
      for (const choice of choices) expect(deltaText(deltas, choice.index)).toBe(choice.message.content);
    }
  },
);

it('counts cache writes only where the provider has them', async () => {
  const { answer } = await bench.call('anthropic', '[[cached:3]][[cache_write:2]] hello');
  expect(completed(answer).usage).toMatchObject({ cachedTokens: 3, cacheWriteTokens: 2 });
});

describe.each(['xai', 'google', 'deepseek', 'moonshot', 'groq', 'responses'])(
  'usage as %s reports it',
  (dialect) => {
    it.each([false, true])('is what was billed, stream %s', async (stream) => {
      const text = `[[usage:${dialect}]] [[reasoning:40]] [[cached:6]] think about it`;
      const { answer, attemptId } = await bench.call('compatible', text, { stream });
      const [metered] = await bench.meter(attemptId);
      expect(completed(answer).usage).toMatchObject({
        promptTokens: metered?.prompt_tokens,
        completionTokens: metered?.completion_tokens,
        cachedTokens: dialect === 'google' ? 0 : 6,
      });
    });
  },
);

it.each([false, true])('tells cache writes apart by how long they are kept, stream %s', async (stream) => {
  const text = '[[cache_write:9]][[cache_write_hour:4]] a prompt of some more words than that';
  const { answer } = await bench.call('anthropic', text, { stream });
  expect(completed(answer).usage).toMatchObject({ cacheWriteTokens: 9, cacheWriteHourTokens: 4 });
});

it('names the tier that was served', async () => {
  const config = (tier: string | null) =>
    fetch(`${bench.url}/__simulator/config`, {
      method: 'POST',
      body: JSON.stringify({ service_tier: tier }),
    });
  await config('priority');
  for (const kind of ['openai', 'anthropic'] as const) {
    for (const stream of [false, true]) {
      const { answer } = await bench.call(kind, 'hello', { stream });
      expect(completed(answer).serviceTier).toBe('priority');
    }
  }
  await config(null);
  expect(completed((await bench.call('openai', 'hello')).answer).serviceTier).toBeNull();
});

describe('usage when a call is stopped on its way', () => {
  const stopAt = async (kind: (typeof kinds)[number], pieces: number) => {
    const controller = new AbortController();
    let seen = 0;
    const text = '[[chunk_delay:20]] [[reasoning:50]] a rather long question to be repeated';
    const { answer } = await bench.call(kind, text, {
      stream: true,
      signal: controller.signal,
      onDelta() {
        seen += 1;
        if (seen === pieces) controller.abort();
      },
    });
    if (answer.kind !== 'stopped') throw new Error(`not stopped: ${answer.kind}`);
    return answer.produced;
  };

  it('is what Gemini reported with each piece, thoughts and all', async () => {
    const { usage, uncounted } = await stopAt('google', 3);
    expect(usage).toMatchObject({ reasoningTokens: 50 });
    expect(usage?.completionTokens).toBeGreaterThan(50);
    expect(uncounted).toBeUndefined();
  });

  it('is the prompt as Claude reported it at the start, and text that is still to be counted', async () => {
    const { usage, uncounted, text } = await stopAt('anthropic', 3);
    expect(usage?.promptTokens).toBeGreaterThan(10);
    expect(uncounted).toBe(text);
    expect(text).toContain('Let me think.');
  });

  it('is nothing where OpenAI reports it at the end only', async () => {
    expect(await stopAt('openai', 3)).toMatchObject({
      usage: null,
      text: expect.stringContaining('chunk_delay'),
    });
  });
});
