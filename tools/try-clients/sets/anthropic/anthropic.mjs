// Anthropic's own SDK, over Messages, to a model of each provider.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { z } from 'zod';
import { at, contains, endScript, models, tryCase } from './support/cases.mjs';
import { redPng } from './support/pictures.mjs';

const client = new Anthropic({ apiKey: at.key, baseURL: at.anthropic, maxRetries: 0 });
const user = (content) => ({ role: 'user', content });
const text = ({ content }) => content.map((block) => block.text ?? '').join('');
const input_schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const tools = ['weather', 'clock'].map((name) => ({ name, input_schema }));
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: redPng } };
const twoCalls = '[[call:weather {"city":"Riga"}]] [[call:clock {"city":"Oslo"}]]';
const max_tokens = 4000;

for (const model of ['claude-opus-5-5', ...models]) {
  await tryCase(`${model} several turns`, async () => {
    const messages = [];
    for (const question of ['The word is amber.', 'Again.', 'And again. [[seen]]']) {
      messages.push(user(question));
      const answer = await client.messages.create({ model, max_tokens, system: 'Be brief.', messages });
      contains(text(answer), question);
      messages.push({ role: 'assistant', content: answer.content });
    }
  });

  await tryCase(`${model} streamed`, async () => {
    const stream = client.messages.stream({ model, max_tokens, messages: [user('Stream this.')] });
    let sent = '';
    stream.on('text', (piece) => (sent += piece));
    const whole = await stream.finalMessage();
    assert.equal(sent, text(whole));
    assert.ok(whole.usage.input_tokens > 0 && whole.usage.output_tokens > 0);
  });

  for (const stream of [false, true]) {
    await tryCase(`${model} two calls at once, and their results (stream: ${stream})`, async () => {
      const messages = [user(twoCalls)];
      const ask = (body) =>
        stream ? client.messages.stream(body).finalMessage() : client.messages.create(body);
      const first = await ask({ model, max_tokens, messages, tools });
      assert.equal(first.stop_reason, 'tool_use');
      const calls = first.content.filter(({ type }) => type === 'tool_use');
      assert.deepEqual(
        calls.map(({ name, input }) => [name, input]),
        [
          ['weather', { city: 'Riga' }],
          ['clock', { city: 'Oslo' }],
        ],
      );
      messages.push({ role: 'assistant', content: first.content });
      const [shown, failed] = calls;
      messages.push(
        user([
          {
            type: 'tool_result',
            tool_use_id: shown.id,
            content: [{ type: 'text', text: '21 degrees' }, image],
          },
          { type: 'tool_result', tool_use_id: failed.id, content: 'it stands still', is_error: true },
        ]),
      );
      const second = await ask({ model, max_tokens, messages, tools });
      messages.push({ role: 'assistant', content: second.content }, user('Go on. [[seen]]'));
      const third = await ask({ model, max_tokens, messages, tools });
      for (const part of ['21 degrees', 'it stands still', '"images":1']) contains(text(third), part);
    });
  }

  await tryCase(`${model} thinks, over two turns`, async () => {
    const isBudget = model === 'claude-haiku-4-5';
    const thinking = isBudget ? { type: 'enabled', budget_tokens: 1024 } : { type: 'adaptive' };
    const messages = [user(`${twoCalls} [[reasoning:30]]`)];
    const first = await client.messages.create({ model, max_tokens, messages, tools, thinking });
    const calls = first.content.filter(({ type }) => type === 'tool_use');
    messages.push({ role: 'assistant', content: first.content });
    messages.push(user(calls.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'done' }))));
    const second = await client.messages.create({ model, max_tokens, messages, tools, thinking });
    assert.equal(second.stop_reason, 'end_turn');
  });

  await tryCase(`${model} toolRunner`, async () => {
    const called = [];
    const weather = betaZodTool({
      name: 'weather',
      description: 'How warm it is.',
      inputSchema: z.object({ city: z.string() }),
      run: ({ city }) => {
        called.push(city);
        return '21 degrees';
      },
    });
    const messages = [user('[[call:weather {"city":"Riga"}]] [[seen]]')];
    const runner = client.beta.messages.toolRunner({ model, max_tokens, messages, tools: [weather] });
    contains(text(await runner), '21 degrees');
    assert.deepEqual(called, ['Riga']);
  });

  await tryCase(`${model} structured output`, async () => {
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    };
    const output_config = { format: { type: 'json_schema', schema } };
    const messages = [user('Riga')];
    const answer = await client.messages.create({ model, max_tokens, messages, output_config });
    assert.deepEqual(JSON.parse(text(answer)), { city: 'Riga' });
  });

  await tryCase(`${model} counts tokens`, async () => {
    const { input_tokens: count } = await client.messages.countTokens({ model, messages: [user('hello')] });
    assert.ok(count > 0);
  });
}

await tryCase('20 s of silence, streamed', async () => {
  const messages = [user('Slowly. [[latency:20000]]')];
  const stream = client.messages.stream({ model: 'claude-haiku-4-5', max_tokens, messages });
  contains(await stream.finalText(), 'Slowly.');
});

endScript();
