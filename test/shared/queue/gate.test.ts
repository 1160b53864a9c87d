import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openRedis, type RedisConnection, redisKey } from '../../../src/shared/platform/redis/redis.ts';
import { createGate, type Gate, type ReportedLimits } from '../../../src/shared/queue/gate.ts';
import type { GateLimits } from '../../../src/shared/queue/gate-groups.ts';
import { testRedis } from '../../support/redis.ts';

const settings = testRedis();
let redis: RedisConnection;
beforeAll(() => {
  redis = openRedis(settings, 'blocking', () => undefined);
});
afterAll(() => {
  redis.disconnect();
});

const unlimited: GateLimits = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrency: null };
let gates = 0;

/**
 * A gate with a hash of its own, and its hash, so that a test need not wait for a clock: it moves what is
 * stored instead.
 */
function openGate(limits: Partial<GateLimits> = {}) {
  gates += 1;
  const provider = `provider-${gates}`;
  const gate: Gate = createGate({
    redis,
    prefix: settings.prefix,
    slotMs: 60_000,
    limitsOf: () => ({ ...unlimited, ...limits }),
  });
  const ticket = (slot = 'one', tokens = 10, rank = 1) => ({ provider, model: 'm', tokens, slot, rank });
  const key = redisKey(settings.prefix, 'gate:m', provider);
  return {
    admit: (slot?: string, tokens?: number, rank?: number) => gate.admit(ticket(slot, tokens, rank)),
    report: (report: Parameters<Gate['report']>[1], slot?: string, limits: Partial<ReportedLimits> = {}) =>
      gate.report(ticket(slot), report, { requestsLeft: null, tokensLeft: null, usedUpMs: 0, ...limits }),
    keepSlots: (...slots: string[]) => gate.keepSlots(provider, slots),
    status: () => gate.status(provider, 'm'),
    /** As if the moment stored under this name were over by now. */
    pass: (name: string) => redis.hset(key, name, '1'),
  };
}

const admitted = { admitted: true };

describe('after a 429', () => {
  test('nothing passes until Retry-After is over, and a shorter one does not shorten it', async () => {
    const gate = openGate();
    await gate.report({ kind: 'throttled', retryAfterMs: 60_000 });
    await gate.report({ kind: 'throttled', retryAfterMs: 10 });
    const answer = await gate.admit();
    expect(answer).toMatchObject({ admitted: false, reason: 'blocked' });
    expect(answer.admitted === false && answer.waitMs).toBeGreaterThan(50_000);
    expect((await gate.status()).blockedUntil).not.toBeNull();
  });

  test('one call goes first; the others follow when it was answered', async () => {
    const gate = openGate();
    await gate.report({ kind: 'throttled', retryAfterMs: 60_000 });
    await gate.pass('blocked_until');
    expect(await gate.admit()).toEqual(admitted);
    expect(await gate.admit()).toMatchObject({ admitted: false, reason: 'blocked' });
    await gate.report({ kind: 'ok', tokensUsed: 1 });
    expect(await gate.admit()).toEqual(admitted);
    expect(await gate.admit()).toEqual(admitted);
  });

  test('one that is refused again shuts the gate again', async () => {
    const gate = openGate();
    await gate.report({ kind: 'throttled', retryAfterMs: 60_000 });
    await gate.pass('blocked_until');
    expect(await gate.admit()).toEqual(admitted);
    await gate.report({ kind: 'throttled', retryAfterMs: 60_000 });
    expect(await gate.admit()).toMatchObject({ admitted: false, reason: 'blocked' });
  });

  test('a call from before that ends well does not open the gate early', async () => {
    const gate = openGate();
    await gate.report({ kind: 'throttled', retryAfterMs: 60_000 });
    await gate.report({ kind: 'ok', tokensUsed: 1 });
    expect(await gate.admit()).toMatchObject({ admitted: false, reason: 'blocked' });
    await gate.pass('blocked_until');
    expect(await gate.admit()).toEqual(admitted);
    expect(await gate.admit()).toMatchObject({ admitted: false });
  });
});

test('a limit that the provider says is used up shuts the gate like a 429, before there is one', async () => {
  const gate = openGate();
  await gate.report({ kind: 'ok', tokensUsed: 1 }, 'one', { requestsLeft: 0, usedUpMs: 60_000 });
  await gate.report({ kind: 'ok', tokensUsed: 1 });
  const answer = await gate.admit();
  expect(answer).toMatchObject({ admitted: false, reason: 'blocked' });
  expect(answer.admitted === false && answer.waitMs).toBeGreaterThan(50_000);
  await gate.pass('blocked_until');
  expect([await gate.admit(), (await gate.admit()).admitted]).toEqual([admitted, false]);
});

test('what the provider says is left is shown, less what was let through since, and never more than ours', async () => {
  const gate = openGate();
  expect(await gate.status()).toMatchObject({ requestsLeft: null, tokensLeft: null });
  await gate.report({ kind: 'ok', tokensUsed: 1 }, 'one', { requestsLeft: 7, tokensLeft: 1234 });
  expect(await gate.status()).toMatchObject({ requestsLeft: 7, tokensLeft: 1234 });
  await gate.admit('two', 34);
  expect(await gate.status()).toMatchObject({ requestsLeft: 6, tokensLeft: 1200 });
  await gate.pass('said_requests_until');
  expect(await gate.status()).toMatchObject({ requestsLeft: null, tokensLeft: 1200 });
  const ours = openGate({ requestsPerMinute: 5, tokensPerMinute: 9999 });
  await ours.report({ kind: 'ok', tokensUsed: 10 }, 'one', { requestsLeft: 7, tokensLeft: 1234 });
  expect(await ours.status()).toMatchObject({ requestsLeft: 5, tokensLeft: 1234 });
});

describe('the breaker', () => {
  const fail = async (gate: ReturnType<typeof openGate>, times: number) => {
    for (let n = 0; n < times; n += 1) await gate.report({ kind: 'failure' });
  };

  test('opens after five failures in a row, and one success in between starts the count again', async () => {
    const gate = openGate();
    await fail(gate, 4);
    await gate.report({ kind: 'ok', tokensUsed: 1 });
    await fail(gate, 4);
    expect(await gate.admit()).toEqual(admitted);
    await fail(gate, 1);
    expect(await gate.admit()).toMatchObject({ admitted: false, reason: 'breaker' });
    expect((await gate.status()).breaker).toBe('open');
  });

  test('half open it lets two probes through, and closes when one succeeds', async () => {
    const gate = openGate();
    await fail(gate, 5);
    await gate.pass('open_until');
    expect((await gate.status()).breaker).toBe('half_open');
    expect([await gate.admit(), await gate.admit()]).toEqual([admitted, admitted]);
    expect(await gate.admit()).toMatchObject({ admitted: false, reason: 'breaker' });
    await gate.report({ kind: 'ok', tokensUsed: 1 });
    expect((await gate.status()).breaker).toBe('closed');
    expect(await gate.admit()).toEqual(admitted);
  });

  test('a request the provider refused says that it answers: nothing is counted, a probe is given back', async () => {
    const gate = openGate();
    for (let n = 0; n < 20; n += 1) await gate.report({ kind: 'neutral' });
    expect((await gate.status()).breaker).toBe('closed');
    await fail(gate, 5);
    await gate.pass('open_until');
    await Promise.all([gate.admit(), gate.admit()]);
    await gate.report({ kind: 'neutral' });
    expect(await gate.admit()).toEqual(admitted);
  });
});

describe('limits', () => {
  test('so many requests a minute, each coming back in its time', async () => {
    const gate = openGate({ requestsPerMinute: 2 });
    expect([await gate.admit(), await gate.admit()]).toEqual([admitted, admitted]);
    const answer = await gate.admit();
    expect(answer).toMatchObject({ admitted: false, reason: 'limit' });
    expect(answer.admitted === false && answer.waitMs).toBeGreaterThan(25_000);
    expect(answer.admitted === false && answer.waitMs).toBeLessThanOrEqual(30_000);
  });

  test('tokens are reserved before a call and corrected after it', async () => {
    const gate = openGate({ tokensPerMinute: 15 });
    expect(await gate.admit('a')).toEqual(admitted);
    expect(await gate.admit('b')).toMatchObject({ admitted: false, reason: 'limit' });
    await gate.report({ kind: 'ok', tokensUsed: 2 }, 'a');
    expect(await gate.admit('b')).toEqual(admitted);
  });

  test('a request larger than a minute of tokens passes when all of them are there', async () => {
    const gate = openGate({ tokensPerMinute: 15 });
    expect(await gate.admit('large', 1000)).toEqual(admitted);
    expect(await gate.admit('small', 1)).toMatchObject({ admitted: false, reason: 'limit' });
  });

  test('so many at once, each place given back with its report', async () => {
    const gate = openGate({ maxConcurrency: 2 });
    expect([await gate.admit('a'), await gate.admit('b')]).toEqual([admitted, admitted]);
    expect(await gate.admit('c')).toMatchObject({ admitted: false, reason: 'limit' });
    await gate.report({ kind: 'failure' }, 'a');
    expect(await gate.admit('c')).toEqual(admitted);
  });
});

test('a worker whose clock is slow keeps the slots of its calls', async () => {
  const gate = openGate({ maxConcurrency: 1 });
  expect(await gate.admit('a')).toEqual(admitted);
  const slowClock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
  await gate.keepSlots('a', 'b');
  slowClock.mockRestore();
  expect(await gate.admit('c')).toMatchObject({ admitted: false, reason: 'limit' });
  await gate.report({ kind: 'ok', tokensUsed: 1 }, 'a');
  expect(await gate.admit('c')).toEqual(admitted);
});

describe('who waits for a limit', () => {
  test('goes before one of a worse rank that asks when there is room again', async () => {
    const gate = openGate({ maxConcurrency: 1 });
    expect(await gate.admit('a', 1, 5)).toEqual(admitted);
    expect(await gate.admit('b', 1, 9)).toMatchObject({ admitted: false });
    expect(await gate.admit('c', 1, 2)).toMatchObject({ admitted: false });
    expect(await gate.admit('b', 1, 9)).toMatchObject({ admitted: false });
    await gate.report({ kind: 'ok', tokensUsed: 1 }, 'a');
    expect(await gate.admit('b', 1, 9)).toMatchObject({ admitted: false, reason: 'limit' });
    expect(await gate.admit('c', 1, 2)).toEqual(admitted);
    await gate.report({ kind: 'ok', tokensUsed: 1 }, 'c');
    expect(await gate.admit('b', 1, 9)).toEqual(admitted);
  });

  test('holds up nobody when it does not come back', async () => {
    const gate = openGate({ requestsPerMinute: 60 });
    for (let n = 0; n < 60; n += 1) await gate.admit(`${n}`);
    expect(await gate.admit('gone', 1, 1)).toMatchObject({ admitted: false });
    await gate.pass('at');
    expect(await gate.admit('late', 1, 9)).toMatchObject({ admitted: false });
    await gate.pass('next_until');
    expect(await gate.admit('late', 1, 9)).toEqual(admitted);
  });
});

test('a pass that was not used is given back', async () => {
  const gate = openGate({ requestsPerMinute: 1, tokensPerMinute: 10 });
  expect(await gate.admit()).toEqual(admitted);
  await gate.report({ kind: 'unused' });
  expect(await gate.admit()).toEqual(admitted);
});

test('a server that lost its scripts is sent them again', async () => {
  const gate = openGate({ maxConcurrency: 1 });
  expect(await gate.admit('a')).toEqual(admitted);
  await redis.script('FLUSH');
  expect(await gate.admit('b')).toMatchObject({ admitted: false, reason: 'limit' });
});
