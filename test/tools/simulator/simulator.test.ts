import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { splitText } from '../../../tools/simulator/reply.ts';
import { sampleJson } from '../../../tools/simulator/sample-json.ts';
import { type Simulator, startSimulator } from '../../../tools/simulator/server.ts';
import { countTokens, truncateToTokens } from '../../../tools/simulator/tokens.ts';

let simulator: Simulator | null = null;
afterEach(async () => {
  await simulator?.close();
  simulator = null;
});

async function start(options: Partial<Parameters<typeof startSimulator>[0]> = {}) {
  simulator = await startSimulator({ port: 0, ...options });
  const { url } = simulator;
  return {
    async ask(content: string, body: Record<string, unknown> = {}) {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'x-gateway-attempt-id': 'att_1' },
        body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content }], ...body }),
      });
      return { status: response.status, headers: response.headers, text: await response.text() };
    },
    async control(method: string, path: string, body?: unknown) {
      const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
      return (await (await fetch(`${url}/__simulator/${path}`, init)).json()) as Record<string, unknown>;
    },
    url,
  };
}

it('gives the same answer to the same question', async () => {
  const { ask } = await start();
  expect((await ask('why?')).text).toBe((await ask('why?')).text);
  expect((await ask('why?')).text).not.toBe((await ask('why not?')).text);
});

it('counts the same tokens plain and streamed', async () => {
  const { ask, control } = await start();
  await ask('how many żółwi?', { n: 2 });
  await ask('how many żółwi?', { n: 2, stream: true, stream_options: { include_usage: true } });
  const { calls, totals } = (await control('GET', 'meter')) as unknown as {
    calls: { prompt_tokens: number; completion_tokens: number; streamed: boolean }[];
    totals: { calls: number; billed: number; prompt_tokens: number };
  };
  expect(calls.map((call) => call.streamed)).toEqual([false, true]);
  expect(calls[0]?.completion_tokens).toBe(calls[1]?.completion_tokens);
  expect(totals).toMatchObject({ calls: 2, billed: 2, prompt_tokens: 2 * (calls[0]?.prompt_tokens ?? 0) });
});

it('meets a rule as often as it says, and a marker as often as its prompt says', async () => {
  const { ask, control } = await start();
  await control('POST', 'faults', { kind: '429', count: 2, retry_after: 3, provider: 'openai' });
  const first = await ask('a');
  expect([first.status, first.headers.get('retry-after')]).toEqual([429, '3']);
  expect((await ask('b')).status).toBe(429);
  expect((await ask('c')).status).toBe(200);
  const marked = '[[fault:503 retry-after=2 times=2]] x';
  const statuses = [await ask(marked), await ask(marked), await ask(marked), await ask(`${marked}y`)];
  expect(statuses.map(({ status }) => status)).toEqual([503, 503, 200, 503]);
  await control('POST', 'faults', { kind: '500', model: 'other' });
  expect((await ask('d')).status).toBe(200);
  await control('POST', 'faults', { kind: '500' });
  expect((await ask('e')).status).toBe(500);
  await control('DELETE', 'faults');
  expect((await ask('f')).status).toBe(200);
});

it('waits as configured', async () => {
  const { ask, control } = await start();
  await control('POST', 'config', { latency_ms: 80 });
  const before = performance.now();
  await ask('slow');
  expect(performance.now() - before).toBeGreaterThan(70);
});

it('keeps the meter on disk when asked', async () => {
  const meterFile = join(tmpdir(), `meter-${process.pid}.jsonl`);
  const { ask } = await start({ meterFile });
  await ask('one');
  await simulator?.close();
  const lines = (await readFile(meterFile, 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { n: 1, attempt_id: 'att_1', outcome: 'completed' },
  ]);
  await rm(meterFile);
});

it('refuses what the provider would refuse', async () => {
  const { ask, url } = await start();
  expect((await ask('x', { messages: [] })).status).toBe(400);
  const body = JSON.stringify({
    model: 'c',
    max_tokens: 9,
    temperature: 0.2,
    messages: [{ role: 'user', content: 'x' }],
  });
  const versions = ['2026-10-21', '2023-06-01'].map((version) =>
    fetch(`${url}/v1/messages`, { method: 'POST', headers: { 'anthropic-version': version }, body }),
  );
  expect((await Promise.all(versions)).map(({ status }) => status)).toEqual([400, 200]);
  expect((await fetch(`${url}/v1/nothing`)).status).toBe(404);
  const counted = await fetch(`${url}/v1/messages/count_tokens`, { method: 'POST', body: '{}' });
  expect(await counted.json()).toEqual({ input_tokens: 1 });
});

it('never splits a character', () => {
  const text = '🐢'.repeat(50);
  expect(splitText(text).join('')).toBe(text);
  expect(
    splitText(text).every((piece) => !piece.includes('\uFFFD') && Buffer.from(piece).toString() === piece),
  ).toBe(true);
  for (let tokens = 1; tokens < 9; tokens++) {
    const short = truncateToTokens('aż🐢b'.repeat(5), tokens);
    expect(countTokens(short)).toBeLessThanOrEqual(tokens);
    expect(short).not.toContain('\uFFFD');
  }
});

it('fills the required properties of a schema', () => {
  const schema = {
    type: 'object',
    properties: {
      kind: { enum: ['a', 'b'] },
      list: { type: 'array', items: { $ref: '#/$defs/item' } },
      maybe: { type: ['string', 'null'] },
      left: { type: 'string' },
    },
    required: ['kind', 'list', 'maybe'],
    $defs: { item: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } },
  };
  expect(sampleJson(schema, 'hi')).toEqual({ kind: 'a', list: [{ n: 1 }], maybe: 'hi' });
});
