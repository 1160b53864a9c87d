import { describe, expect, test } from 'vitest';
import { checkLoad, toLoad, unreachedOf } from './load.ts';
import { checkLog } from './log.ts';
import { checkMoney } from './money.ts';

test('the oracle of money passes on what the ledger check breaks, and takes no answer for a proof', async () => {
  const operator = (json: object) => ({
    key: '',
    call: async () => ({ status: 200, json, headers: new Headers() }),
  });
  const check = { name: 'No balance is negative', ok: false, rows: 2 };
  expect(await checkMoney(operator({ checks: [{ ...check, ok: true }] }))).toEqual([]);
  expect(await checkMoney(operator({ checks: [check] }))).toMatchObject([
    { on: check.name, detail: '2 rows' },
  ]);
  expect(await checkMoney(operator({}))).toHaveLength(1);
});

describe('the oracle of the log', () => {
  const good = JSON.stringify({ level: 30, msg: 'request answered', route: '/v1/jobs' });
  const on = (line: string) => checkLog(`${good}\n${line}\n`, ['a-prompt-of-mine']).map((one) => one.on);

  test('has nothing against ids, sizes and times', () => {
    expect(on(good)).toEqual([]);
  });

  test.each<[string, string, RegExp]>([
    [
      'a prompt',
      JSON.stringify({ level: 20, msg: 'x', body: 'say a-prompt-of-mine' }),
      /^a secret \(a-prom…\)$/,
    ],
    ['a key', JSON.stringify({ level: 20, msg: 'x', key: `gw_0123_${'k'.repeat(40)}` }), /^a secret/],
    ['a secret of webhooks', JSON.stringify({ level: 20, msg: `whsec_${'k'.repeat(32)}` }), /^a secret/],
    ['a bug', JSON.stringify({ level: 50, msg: 'request failed' }), /^an error: request failed$/],
    [
      'a stack',
      JSON.stringify({ level: 40, msg: 'x', request_id: 'req_1', error: { stack: 'Error\n    at f' } }),
      /^a stack: x$/,
    ],
    ['text beside the lines', 'TypeError: x', /^a line that is not JSON$/],
  ])('notices %s', (_what, line, name) => {
    expect(on(line)).toContainEqual(expect.stringMatching(name));
  });
});

describe('the oracle of load', () => {
  const load = (rssMiB: number, loopDelayMaxSeconds: number, cpuSeconds: number) =>
    toLoad(
      [
        `process_resident_memory_bytes ${rssMiB * 2 ** 20}`,
        `nodejs_eventloop_lag_max_seconds ${loopDelayMaxSeconds}`,
        `process_cpu_seconds_total ${cpuSeconds}`,
        '',
      ].join('\n'),
    );
  const before = load(200, 0.1, 40);
  const details = (after: ReturnType<typeof load>) =>
    checkLoad(before, after, 'api').map(({ detail }) => detail);

  test('lets a slow machine be slow, and a busy one keep a process waiting', () => {
    expect(details(load(300, 1.2, 46))).toEqual([]);
    expect(details(load(300, 20, 41.5))).toEqual([]);
  });

  test('notices a process that grows, and one that computes while everybody waits', () => {
    expect(details(load(1024, 0, 41))).toEqual(['1024 MiB of memory']);
    expect(details(load(300, 7.25, 50))).toEqual(['the event loop stood still for 7.3 s']);
  });

  test('does not take missing figures for good ones', () => {
    expect(() => toLoad('')).toThrow('/metrics has no process_resident_memory_bytes');
  });

  test('notices routes that were not reached', () => {
    const count = (method: string, route: string) =>
      `gateway_requests_answered_total{method="${method}",route="${route}",status="200"} 1\n`;
    const text = count('GET', '/v1/jobs/:id') + count('GET', '/docs') + count('GET', '/docs/static/*');
    const reached = ['GET /v1/jobs/:id', 'GET /docs/', 'GET /docs/*'];
    expect(unreachedOf(reached, text)).toEqual([]);
    const others = ['DELETE /v1/jobs/:id', 'GET /v1/jobs', 'HEAD /docs/*', 'GET /v1/models/*'];
    expect(unreachedOf([...reached, ...others], text)).toEqual(others);
  });
});
