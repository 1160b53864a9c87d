import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Express } from '../../../src/shared/jobs/express.ts';
import type { JobEnding } from '../../../src/shared/jobs/sql/settle-jobs.ts';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
let url = '';
const completion = {
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'openai/gpt-5-mini',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'hello', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
};

/** Runs every call here, and ends it so. */
const express: Express = {
  reserve: async () => ({
    claim: { workerId: 'wrk_1', leaseMs: 30_000, capacity: 1000 },
    run: async ({ id }) =>
      ({
        jobId: id,
        state: 'succeeded',
        result: JSON.stringify(completion),
        finishedAt: new Date(),
      }) as JobEnding,
    runIfClaimed: async () => undefined,
    release: () => undefined,
  }),
};

beforeAll(async () => {
  server = await openTestServer((deps) => {
    deps.express = express;
  });
  url = await server.app.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => server.close());

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

test('a call that ran here is answered from memory, and leaves no clock behind', async () => {
  const { key } = await server.openAccount({ usd: '1' });
  // Over a socket, which shows when an answer has been taken.
  const ask = async () => {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'hi' }] }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  await ask();
  const before = timers();
  for (let n = 0; n < 20; n++) {
    const { status, text } = await ask();
    expect([status, JSON.parse(text).choices[0].message.content]).toEqual([200, 'hello']);
  }
  // Others come and go; a clock for each call would be twenty.
  expect(timers() - before).toBeLessThan(10);
});
