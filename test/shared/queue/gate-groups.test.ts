import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRedis, type RedisConnection, redisKey } from '../../../src/shared/platform/redis/redis.ts';
import { createGate } from '../../../src/shared/queue/gate.ts';
import type { GateLimits } from '../../../src/shared/queue/gate-groups.ts';
import { testRedis } from '../../support/redis.ts';

const settings = testRedis();
const connections: RedisConnection[] = [];
beforeAll(() => {
  for (let n = 0; n < 2; n += 1) connections.push(openRedis(settings, 'blocking', () => undefined));
});
afterAll(() => {
  for (const connection of connections) connection.disconnect();
});

const unlimited: GateLimits = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrency: null };
let providers = 0;

/** One provider's gate as two processes see it. */
function openGates(limits: Partial<GateLimits>) {
  providers += 1;
  const provider = `grouped-${providers}`;
  const limitsOf = () => ({ ...unlimited, ...limits });
  const gates = connections.map((redis) =>
    createGate({ redis, prefix: settings.prefix, slotMs: 60_000, limitsOf }),
  );
  const pass = (slot: string, rank = 1) => ({ provider, model: 'm', tokens: 10, slot, rank });
  const [one, other] = gates as [(typeof gates)[0], (typeof gates)[0]];
  return { one, other, pass, key: redisKey(settings.prefix, 'gate:m', provider) };
}

const countOf = (answers: { admitted: boolean }[]) => answers.filter(({ admitted }) => admitted).length;

test.each([
  ['calls at once', { maxConcurrency: 10 }],
  ['requests a minute', { requestsPerMinute: 10 }],
  ['tokens a minute', { tokensPerMinute: 100 }],
])('of two hundred who ask two processes at once, as many pass as may: %s', async (_what, limits) => {
  const { one, other, pass } = openGates(limits);
  const racers = Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? one : other).admit(pass(`slot-${n}`)));
  expect(countOf(await Promise.all(racers))).toBe(10);
});

test('each has its own answer, and the best rank passes first', async () => {
  const { one, pass } = openGates({ maxConcurrency: 3 });
  const ranks = Array.from({ length: 150 }, (_, n) => ((n * 7) % 150) + 1);
  const answers = await Promise.all(ranks.map((rank) => one.admit(pass(`slot-${rank}`, rank))));
  const passed = ranks.filter((_, n) => answers[n]?.admitted);
  expect(passed.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
});

test('a slot that is given back is there for who asks in the same moment', async () => {
  const { one, pass } = openGates({ maxConcurrency: 1 });
  expect((await one.admit(pass('a'))).admitted).toBe(true);
  const asking = one.admit(pass('b'));
  void one.report(pass('a'), { kind: 'ok', tokensUsed: 10 });
  expect((await asking).admitted).toBe(true);
  expect((await one.admit(pass('c'))).admitted).toBe(false);
});

test('a call that its limit refuses takes no probe of the breaker from the others', async () => {
  const { one, pass, key } = openGates({ requestsPerMinute: 1 });
  for (let n = 0; n < 5; n += 1) await one.report(pass('a'), { kind: 'failure' });
  await connections[0]?.hset(key, 'open_until', '1');
  const answers = await Promise.all(['a', 'b', 'c'].map((slot) => one.admit(pass(slot))));
  expect(answers.map((answer) => (answer.admitted ? 'passed' : answer.reason))).toEqual([
    'passed',
    'limit',
    'limit',
  ]);
  expect(await connections[0]?.hget(key, 'probes')).toBe('1');
});

test('one failure too many shuts the gate to who asks in the same moment', async () => {
  const { one, pass } = openGates({});
  for (let n = 0; n < 4; n += 1) await one.report(pass('a'), { kind: 'failure' });
  const asking = one.admit(pass('b'));
  void one.report(pass('a'), { kind: 'failure' });
  expect(await asking).toMatchObject({ admitted: false, reason: 'breaker' });
});
