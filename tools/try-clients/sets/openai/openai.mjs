// OpenAI's own SDK, over chat completions and Responses, to a model of each provider.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { at, contains, endScript, models, tryCase } from './support/cases.mjs';
import { redPngUrl } from './support/pictures.mjs';

const client = new OpenAI({ apiKey: at.key, baseURL: at.openai, maxRetries: 0 });
const user = (content) => ({ role: 'user', content });
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const twoCalls = '[[call:weather {"city":"Riga"}]] [[call:clock {"city":"Oslo"}]]';
const Place = z.object({ city: z.string(), inhabitants: z.number() });
const results = { weather: '21 degrees', clock: 'ten past two' };

for (const model of ['gpt-5.6', ...models]) {
  await chat(model);
  await responses(model);
}

async function chat(model) {
  const { completions } = client.chat;
  const tools = ['weather', 'clock'].map((name) => ({ type: 'function', function: { name, parameters } }));

  await tryCase(`chat ${model} several turns`, async () => {
    const messages = [{ role: 'system', content: 'Be brief.' }];
    for (const question of ['The word is amber.', 'Again.', 'And again. [[seen]]']) {
      messages.push(user(question));
      const { choices, usage } = await completions.create({ model, messages });
      contains(choices[0].message.content, question);
      assert.ok(usage.completion_tokens > 0);
      messages.push(choices[0].message);
    }
    contains(messages.at(-1).content, '"images":0');
  });

  await tryCase(`chat ${model} streamed`, async () => {
    const stream = completions.stream({
      model,
      messages: [user('Stream this. [[length:60]]')],
      stream_options: { include_usage: true },
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    const whole = await stream.finalChatCompletion();
    assert.equal(text, whole.choices[0].message.content);
    assert.equal((await stream.totalUsage()).completion_tokens > 0, true);
  });

  for (const stream of [false, true]) {
    await tryCase(`chat ${model} two calls at once, and their results (stream: ${stream})`, async () => {
      const messages = [user(twoCalls)];
      const first = stream
        ? await completions.stream({ model, messages, tools }).finalChatCompletion()
        : await completions.create({ model, messages, tools });
      const [{ message, finish_reason: reason }] = first.choices;
      assert.equal(reason, 'tool_calls');
      assert.deepEqual(
        message.tool_calls.map(({ function: called }) => [called.name, JSON.parse(called.arguments)]),
        [
          ['weather', { city: 'Riga' }],
          ['clock', { city: 'Oslo' }],
        ],
      );
      messages.push(message);
      for (const { id, function: called } of message.tool_calls)
        messages.push({ role: 'tool', tool_call_id: id, content: results[called.name] });
      const second = await completions.create({ model, messages, tools });
      assert.equal(second.choices[0].finish_reason, 'stop');
      messages.push(second.choices[0].message, user('Go on. [[seen]]'));
      const third = await completions.create({ model, messages, tools });
      for (const result of Object.values(results)) contains(third.choices[0].message.content, result);
    });
  }

  await tryCase(`chat ${model} runTools`, async () => {
    const called = [];
    const runner = completions.runTools({
      model,
      messages: [user(`${twoCalls} [[seen]]`)],
      tools: tools.map(({ type, function: { name } }) => ({
        type,
        function: {
          name,
          parameters,
          parse: JSON.parse,
          function: ({ city }) => {
            called.push(`${name} ${city}`);
            return results[name];
          },
        },
      })),
    });
    contains(await runner.finalContent(), results.weather);
    assert.deepEqual(called, ['weather Riga', 'clock Oslo']);
  });

  await tryCase(`chat ${model} an image`, async () => {
    const content = [
      { type: 'text', text: 'What is it? [[seen]]' },
      { type: 'image_url', image_url: { url: redPngUrl, detail: 'low' } },
    ];
    const { choices } = await completions.create({ model, messages: [user(content)] });
    contains(choices[0].message.content, '"images":1');
  });

  await tryCase(`chat ${model} structured output`, async () => {
    const response_format = zodResponseFormat(Place, 'place');
    const { choices } = await completions.parse({ model, messages: [user('Riga')], response_format });
    assert.deepEqual(choices[0].message.parsed, { city: 'Riga', inhabitants: 1 });
  });

  await tryCase(`chat ${model} reasoning`, async () => {
    const messages = [user('Think. [[reasoning:30]]')];
    const { usage } = await completions.create({ model, messages, reasoning_effort: 'low' });
    assert.equal(usage.completion_tokens_details.reasoning_tokens, 30);
  });
}

async function responses(model) {
  const tools = ['weather', 'clock'].map((name) => ({ type: 'function', name, parameters, strict: false }));

  await tryCase(`responses ${model} several turns by id`, async () => {
    let before = null;
    for (const input of ['The word is amber.', 'Again.', 'And again. [[seen]]']) {
      const given = { model, input, instructions: 'Be brief.', previous_response_id: before };
      const answer = await client.responses.create(given);
      contains(answer.output_text, input);
      before = answer.id;
    }
  });

  for (const stream of [false, true]) {
    await tryCase(`responses ${model} two calls at once, and their results (stream: ${stream})`, async () => {
      const input = [user(`${twoCalls} [[reasoning:30]]`)];
      const more = {
        include: ['reasoning.encrypted_content'],
        reasoning: { effort: 'low', summary: 'auto' },
      };
      const ask = (body) =>
        stream
          ? client.responses.stream(body).finalResponse()
          : client.responses.create({ ...body, stream: false });
      const first = await ask({ model, input, tools, store: false, ...more });
      const calls = first.output.filter(({ type }) => type === 'function_call');
      assert.deepEqual(
        calls.map(({ name }) => name),
        ['weather', 'clock'],
      );
      input.push(...first.output);
      for (const { call_id, name } of calls)
        input.push({ type: 'function_call_output', call_id, output: results[name] });
      const second = await ask({ model, input, tools, store: false, ...more });
      input.push(...second.output, user('Go on. [[seen]]'));
      const third = await ask({ model, input, tools, store: false, ...more });
      for (const result of Object.values(results)) contains(third.output_text, result);
    });
  }

  await tryCase(`responses ${model} an image, also in a result`, async () => {
    const image = { type: 'input_image', image_url: redPngUrl, detail: 'auto' };
    const first = await client.responses.create({
      model,
      tools,
      input: [user([{ type: 'input_text', text: '[[call:weather {"city":"Riga"}]]' }, image])],
    });
    const [{ call_id }] = first.output.filter(({ type }) => type === 'function_call');
    const { output_text: text } = await client.responses.create({
      model,
      tools,
      previous_response_id: first.id,
      input: [{ type: 'function_call_output', call_id, output: [image] }, user('And now? [[seen]]')],
    });
    contains(text, '"images":2');
  });

  await tryCase(`responses ${model} structured output`, async () => {
    const text = { format: zodTextFormat(Place, 'place') };
    const { output_parsed: parsed } = await client.responses.parse({ model, input: 'Riga', text });
    assert.deepEqual(parsed, { city: 'Riga', inhabitants: 1 });
  });

  await tryCase(`responses ${model} in the background`, async () => {
    let answer = await client.responses.create({ model, input: 'Take your time.', background: true });
    while (['queued', 'in_progress'].includes(answer.status)) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      answer = await client.responses.retrieve(answer.id);
    }
    contains(answer.output_text, 'Take your time.');
  });
}

await tryCase('20 s of silence, streamed', async () => {
  const messages = [user('Slowly. [[latency:20000]]')];
  const stream = client.chat.completions.stream({ model: 'gpt-5-mini', messages });
  contains(await stream.finalContent(), 'Slowly.');
});

endScript();
