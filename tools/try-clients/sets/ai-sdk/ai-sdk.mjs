// The AI SDK with three of its providers, to a model of each provider of ours.
import assert from 'node:assert/strict';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import * as ai from 'ai';
import { z } from 'zod';
import { at, contains, endScript, models, tryCase } from './support/cases.mjs';
import { redPng } from './support/pictures.mjs';

const baseURL = at.openai;
const openai = createOpenAI({ baseURL, apiKey: at.key });
const anthropic = createAnthropic({ baseURL, apiKey: at.key });
const compatible = createOpenAICompatible({
  name: 'gateway',
  baseURL,
  apiKey: at.key,
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const ways = {
  responses: (model) => openai(model),
  chat: (model) => openai.chat(model),
  messages: (model) => anthropic(model),
  compatible: (model) => compatible.chatModel(model),
};

const stopWhen = (ai.stepCountIs ?? ai.isStepCount)(5);
const toolOf = (description, result) =>
  ai.tool({ description, inputSchema: z.object({ city: z.string() }), execute: async () => result });
const tools = { weather: toolOf('How warm it is.', '21 degrees'), clock: toolOf('What time it is.', 'noon') };
const twoCalls = '[[call:weather {"city":"Riga"}]] [[call:clock {"city":"Oslo"}]] [[seen]]';
const user = (content) => ({ role: 'user', content });
/** Its name since AI SDK 7, and before. */
const answered = (result) => result.responseMessages ?? result.response.messages;

for (const [way, modelOf] of Object.entries(ways)) {
  for (const name of models) {
    const model = modelOf(name);
    const tryAs = (what, work) => tryCase(`${way} ${name} ${what}`, work);

    await tryAs('several turns', async () => {
      const messages = [];
      for (const question of ['The word is amber.', 'Again.', 'And again. [[seen]]']) {
        messages.push(user(question));
        const result = await ai.generateText({ model, messages, system: 'Be brief.' });
        contains(result.text, question);
        assert.ok(result.usage.outputTokens > 0);
        messages.push(...answered(result));
      }
    });

    await tryAs('steps with two calls at once, then another turn', async () => {
      const messages = [user(twoCalls)];
      const result = await ai.generateText({ model, messages, tools, stopWhen });
      assert.equal(result.steps.length, 2);
      for (const part of ['21 degrees', 'noon']) contains(result.text, part);
      messages.push(...answered(result), user('Go on.'));
      contains((await ai.generateText({ model, messages, tools })).text, '21 degrees');
    });

    await tryAs('streamed steps', async () => {
      const result = ai.streamText({ model, prompt: twoCalls, tools, stopWhen, onError: () => undefined });
      let text = '';
      for await (const part of result.fullStream) {
        if (part.type === 'error') throw part.error;
        if (part.type === 'text-delta') text += part.text;
      }
      contains(text, '21 degrees');
      assert.equal((await result.steps).length, 2);
    });

    await tryAs('an image', async () => {
      const image = { type: 'image', image: Buffer.from(redPng, 'base64') };
      const content = [{ type: 'text', text: 'What is it? [[seen]]' }, image];
      contains((await ai.generateText({ model, messages: [user(content)] })).text, '"images":1');
    });

    await tryAs('structured output', async () => {
      const output = ai.Output.object({ schema: z.object({ city: z.string(), inhabitants: z.number() }) });
      const result = await ai.generateText({ model, output, prompt: 'Riga' });
      assert.deepEqual(result.output, { city: 'Riga', inhabitants: 1 });
    });
  }
}

await tryCase('responses gpt-5-mini reasoning over steps', async () => {
  const result = await ai.generateText({
    model: openai('gpt-5-mini'),
    prompt: `${twoCalls} [[reasoning:30]]`,
    tools,
    stopWhen,
    providerOptions: { openai: { reasoningEffort: 'low', reasoningSummary: 'auto', store: false } },
  });
  assert.equal(result.steps.length, 2);
  contains(result.steps[0].reasoningText, 'Let me think.');
});

await tryCase('messages claude-haiku-4-5 thinking over steps', async () => {
  const result = await ai.generateText({
    model: anthropic('claude-haiku-4-5'),
    prompt: `${twoCalls} [[reasoning:30]]`,
    tools,
    stopWhen,
    providerOptions: { anthropic: { thinking: { type: 'enabled', budgetTokens: 2000 } } },
  });
  assert.equal(result.steps.length, 2);
  contains(result.steps[0].reasoningText, 'Let me think.');
});

await tryCase('20 s of silence, streamed', async () => {
  const result = ai.streamText({ model: openai('gpt-5-mini'), prompt: 'Slowly. [[latency:20000]]' });
  contains(await result.text, 'Slowly.');
});

endScript();
