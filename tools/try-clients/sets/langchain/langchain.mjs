// LangChain over chat completions, Responses and Messages, to a model of each provider.
import assert from 'node:assert/strict';
import { ChatAnthropic } from '@langchain/anthropic';
import { HumanMessage, SystemMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { MemorySaver } from '@langchain/langgraph';
import { ChatOpenAI } from '@langchain/openai';
import { createAgent } from 'langchain';
import { z } from 'zod';
import { at, contains, endScript, models, tryCase } from './support/cases.mjs';
import { redPngUrl } from './support/pictures.mjs';

const openai = { apiKey: at.key, maxRetries: 0, configuration: { baseURL: at.openai } };
const ways = {
  chat: (model) => new ChatOpenAI({ model, ...openai }),
  responses: (model) => new ChatOpenAI({ model, ...openai, useResponsesApi: true }),
  messages: (model) =>
    new ChatAnthropic({
      model,
      apiKey: at.key,
      maxRetries: 0,
      anthropicApiUrl: at.anthropic,
      maxTokens: 4000,
    }),
};

const schema = z.object({ city: z.string() });
const toolOf = (name, result) => tool(async () => result, { name, description: `The ${name}.`, schema });
const tools = [toolOf('weather', '21 degrees'), toolOf('clock', 'noon')];
const twoCalls = '[[call:weather {"city":"Riga"}]] [[call:clock {"city":"Oslo"}]]';

for (const [way, modelOf] of Object.entries(ways)) {
  for (const name of models) {
    const model = modelOf(name);
    const tryAs = (what, work) => tryCase(`${way} ${name} ${what}`, work);

    await tryAs('several turns', async () => {
      const messages = [new SystemMessage('Be brief.')];
      for (const question of ['The word is amber.', 'Again.', 'And again. [[seen]]']) {
        messages.push(new HumanMessage(question));
        const answer = await model.invoke(messages);
        contains(answer.text, question);
        assert.ok(answer.usage_metadata.output_tokens > 0);
        messages.push(answer);
      }
    });

    for (const stream of [false, true]) {
      await tryAs(`two calls at once, and their results (stream: ${stream})`, async () => {
        const bound = model.bindTools(tools);
        const messages = [new HumanMessage(twoCalls)];
        const first = stream ? await gathered(bound, messages) : await bound.invoke(messages);
        assert.deepEqual(
          first.tool_calls.map((call) => [call.name, call.args]),
          [
            ['weather', { city: 'Riga' }],
            ['clock', { city: 'Oslo' }],
          ],
        );
        messages.push(first);
        for (const [index, call] of first.tool_calls.entries())
          messages.push(await tools[index].invoke(call));
        messages.push(await bound.invoke(messages), new HumanMessage('Go on. [[seen]]'));
        const { text } = await bound.invoke(messages);
        for (const part of ['21 degrees', 'noon']) contains(text, part);
      });
    }

    await tryAs('an image', async () => {
      const image = { type: 'image_url', image_url: { url: redPngUrl } };
      const content = [{ type: 'text', text: 'What is it? [[seen]]' }, image];
      contains((await model.invoke([new HumanMessage({ content })])).text, '"images":1');
    });

    for (const method of ['jsonSchema', 'functionCalling']) {
      await tryAs(`structured output by ${method}`, async () => {
        const structured = model.withStructuredOutput(schema, { name: 'place', method });
        assert.deepEqual(await structured.invoke('Riga'), { city: 'Riga' });
      });
    }

    await tryAs('an agent that remembers', async () => {
      const agent = createAgent({ model, tools, systemPrompt: 'Be brief.', checkpointer: new MemorySaver() });
      const thread = { configurable: { thread_id: '1' } };
      await agent.invoke({ messages: [{ role: 'user', content: twoCalls }] }, thread);
      const messages = [{ role: 'user', content: 'Go on. [[seen]]' }];
      const state = await agent.invoke({ messages }, thread);
      contains(state.messages.at(-1).text, '21 degrees');
    });
  }
}

await tryCase('20 s of silence, streamed', async () => {
  const { text } = await gathered(ways.chat('gpt-5-mini'), 'Slowly. [[latency:20000]]');
  contains(text, 'Slowly.');
});

async function gathered(model, input) {
  let whole;
  for await (const chunk of await model.stream(input))
    whole = whole === undefined ? chunk : whole.concat(chunk);
  return whole;
}

endScript();
