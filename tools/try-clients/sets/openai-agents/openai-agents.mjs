// OpenAI's Agents SDK, over Responses and chat completions, to a model of each provider.
import assert from 'node:assert/strict';
import {
  Agent,
  handoff,
  MemorySession,
  OpenAIChatCompletionsModel,
  OpenAIResponsesModel,
  run,
  setTracingDisabled,
  tool,
} from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';
import { at, contains, endScript, models, tryCase } from './support/cases.mjs';
import { redPngUrl } from './support/pictures.mjs';

setTracingDisabled(true);
const client = new OpenAI({ apiKey: at.key, baseURL: at.openai, maxRetries: 0 });
const ways = {
  responses: (model) => new OpenAIResponsesModel(client, model),
  chat: (model) => new OpenAIChatCompletionsModel(client, model),
};
const toolOf = (name, result) =>
  tool({
    name,
    description: `The ${name}.`,
    parameters: z.object({ city: z.string() }),
    execute: async () => result,
  });
const tools = [toolOf('weather', '21 degrees'), toolOf('clock', 'noon')];
const twoCalls = '[[call:weather {"city":"Riga"}]] [[call:clock {"city":"Oslo"}]]';

for (const [way, modelOf] of Object.entries(ways)) {
  for (const name of models) {
    const model = modelOf(name);
    const agentOf = (more) => new Agent({ name: 'Ann', instructions: 'Be brief.', model, ...more });
    const tryAs = (what, work) => tryCase(`${way} ${name} ${what}`, work);

    await tryAs('two calls at once, then another turn', async () => {
      const agent = agentOf({ tools });
      const first = await run(agent, twoCalls);
      const second = await run(agent, [...first.history, { role: 'user', content: 'Go on. [[seen]]' }]);
      for (const part of ['21 degrees', 'noon']) contains(second.finalOutput, part);
    });

    await tryAs('streamed, in a session', async () => {
      const session = new MemorySession();
      const agent = agentOf({ tools });
      for (const question of [twoCalls, 'Go on. [[seen]]']) {
        const result = await run(agent, question, { stream: true, session });
        for await (const _ of result);
        await result.completed;
        if (question !== twoCalls) contains(result.finalOutput, '21 degrees');
      }
    });

    await tryAs('a handoff', async () => {
      const bob = agentOf({ name: 'Bob', handoffDescription: 'knows all' });
      const ann = Agent.create({ name: 'Ann', instructions: 'x', model, handoffs: [handoff(bob)] });
      const { lastAgent } = await run(ann, '[[call:transfer_to_Bob {}]]');
      assert.equal(lastAgent.name, 'Bob');
    });

    await tryAs('structured output', async () => {
      const outputType = z.object({ city: z.string(), inhabitants: z.number() });
      const { finalOutput } = await run(agentOf({ outputType }), 'Riga');
      assert.deepEqual(finalOutput, { city: 'Riga', inhabitants: 1 });
    });

    await tryAs('an image', async () => {
      const content = [
        { type: 'input_text', text: 'What is it? [[seen]]' },
        { type: 'input_image', image: redPngUrl },
      ];
      const { finalOutput } = await run(agentOf({}), [{ role: 'user', content }]);
      contains(finalOutput, '"images":1');
    });

    await tryAs('reasoning over two turns', async () => {
      const modelSettings = { reasoning: { effort: 'low' }, maxTokens: 4000 };
      const agent = agentOf({ tools, modelSettings });
      const first = await run(agent, `${twoCalls} [[reasoning:30]]`);
      const second = await run(agent, [...first.history, { role: 'user', content: 'Go on. [[seen]]' }]);
      contains(second.finalOutput, '21 degrees');
    });
  }
}

await tryCase('responses by the id of the one before', async () => {
  const agent = new Agent({ name: 'Ann', instructions: 'x', model: ways.responses('gpt-5-mini'), tools });
  const first = await run(agent, twoCalls);
  const second = await run(agent, 'Go on. [[seen]]', { previousResponseId: first.lastResponseId });
  contains(second.finalOutput, '21 degrees');
});

endScript();
