import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bends } from '../../../tools/simulator/bent-wire.ts';
import { completed, deltaArguments, failed, startBench } from '../../workers/providers/setup.ts';

let bench: Awaited<ReturnType<typeof startBench>>;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters } }];
const ask = (prompt: string, stream: boolean, withTools: boolean) =>
  bench.call(
    'compatible',
    { messages: [{ role: 'user', content: prompt }], ...(withTools && { tools, tool_choice: 'required' }) },
    { stream },
  );

describe.each(bends)('answers bent as %s', (bend) => {
  it.each([false, true])('are the same to the client (stream %s)', async (stream) => {
    for (const withTools of [false, true]) {
      const prompt = `[[wire:${bend}]] [[calls:${bend === 'older_calls' ? 1 : 2}]] what now?`;
      const bent = await ask(prompt, stream, withTools);
      const plain = await ask(prompt.replace(bend, 'straight'), stream, withTools);
      const [one, other] = [bent, plain].map(({ answer }) => completed(answer).completion.choices[0]);
      const callsOf = (choice: typeof one) => choice?.message.tool_calls?.map((call) => call.function);
      expect(callsOf(one)?.length ?? 0).toBe(callsOf(other)?.length ?? 0);
      expect(one?.message.content === null).toBe(withTools);
      if (!withTools) expect(one?.message.content).toContain('what now?');
      expect(one?.finish_reason).toBe(withTools ? 'tool_calls' : 'stop');
      for (const [index, call] of (one?.message.tool_calls ?? []).entries()) {
        expect(call.id).not.toBe('');
        expect(JSON.parse(call.function.arguments)).toHaveProperty('city');
        if (stream) expect(deltaArguments(bent.deltas, index)).toBe(call.function.arguments);
      }
    }
  });
});

it.each([false, true])('an error inside a 200 is a throttle (stream %s)', async (stream) => {
  const { answer } = await bench.call('compatible', '[[fault:error_in_200]] hello', { stream });
  expect(failed(answer).failure).toMatchObject({ reason: 'throttled', status: 429 });
});
