import { PassThrough } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import type { LimitedAccount } from '../../../src/api/auth/account-cache.ts';
import { createBodyBudgets } from '../../../src/api/http/body-budgets.ts';
import { createBodySlots } from '../../../src/api/http/body-slots.ts';
import { createBudget } from '../../../src/api/http/budget.ts';
import { receiveBody } from '../../../src/api/http/receive-body.ts';
import { createUnderWay } from '../../../src/api/http/under-way.ts';
import { requestLimits } from '../../../src/shared/platform/json/measure-json.ts';

const accountOf = (id: string) => ({ id, limits: { bodies: 2 } }) as unknown as LimitedAccount;

function slotsFor(waitMs = 1, bytesMax = 1_000_000) {
  const bodies = createUnderWay('bodies');
  return { bodies, slots: createBodySlots({ bodies, bytesMax, waitMs }) };
}

function requestOf(id: string, length?: number) {
  const raw = new PassThrough();
  const headers = length === undefined ? {} : { 'content-length': String(length) };
  const request = { raw, headers, account: accountOf(id) } as unknown as FastifyRequest;
  return { raw, request };
}

const settings = { bytesMax: 500_000, limits: requestLimits, silenceMsMax: 60_000 };

test('an account has so many bodies on their way, and another is not kept out', async () => {
  const { bodies, slots } = slotsFor();
  const held = [await slots.enter(accountOf('a')), await slots.enter(accountOf('a'))];
  await expect(slots.enter(accountOf('a'))).rejects.toMatchObject({
    type: 'rate_limited',
    extras: { fields: { quota: 'bodies' }, retryAfterMs: expect.any(Number) },
  });
  (await slots.enter(accountOf('b'))).leave();
  held[0]?.leave();
  held[0]?.leave();
  expect(bodies.used('a')).toBe(1);
  (await slots.enter(accountOf('a'))).leave();
});

test('who sends more at a time than there are slots waits for the first to be there', async () => {
  const { slots } = slotsFor(60_000);
  const [first] = [await slots.enter(accountOf('a')), await slots.enter(accountOf('a'))];
  const third = slots.enter(accountOf('a'));
  first?.leave();
  (await third).leave();
});

test('a process holds so many bytes of what arrives, whoever sends it, small bodies too', async () => {
  const { slots } = slotsFor(1, 100);
  const [one, other] = [slots.small(null), await slots.enter(accountOf('a'))];
  one.hold(60);
  expect(() => other.hold(60)).toThrow(expect.objectContaining({ type: 'unavailable' }));
  one.leave();
  other.hold(60);
});

test('an account whose bodies never end leaves room for another, and that one for a third', async () => {
  const { slots } = slotsFor(1, 256);
  const fill = (id: string) => {
    let bytes = 0;
    const fillOn = () => {
      for (; bytes <= 256; bytes += 1) slots.small(accountOf(id)).hold(1);
    };
    expect(fillOn).toThrow(expect.objectContaining({ type: 'unavailable' }));
    return bytes;
  };
  expect(fill('a')).toBe(204);
  expect(fill('b')).toBe(41);
  expect(fill('c')).toBe(8);
  expect(fill('a')).toBe(0);
});

test('a body comes with its hash, and leaves its place', async () => {
  const { bodies, slots } = slotsFor();
  const { raw, request } = requestOf('a');
  const received = receiveBody(slots, settings, request);
  raw.write('ab');
  raw.end('c');
  expect(await received).toEqual({
    bytes: Buffer.from('abc'),
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  });
  expect(bodies.used('a')).toBe(0);
});

test.each<[string, number | undefined, (raw: PassThrough) => void, object]>([
  ['says it is too long', 500_001, () => undefined, { type: 'too_large' }],
  ['is too long', undefined, (raw) => raw.write(Buffer.alloc(500_001)), { type: 'too_large' }],
  ['is shorter than it says', 5, (raw) => raw.end('abc'), { type: 'invalid_json' }],
  ['breaks off', 70_000, (raw) => raw.destroy(), { type: 'invalid_json' }],
])('a body that %s is refused, and leaves its place', async (_what, length, send, refusal) => {
  const { bodies, slots } = slotsFor();
  const { raw, request } = requestOf('a', length);
  const received = receiveBody(slots, settings, request);
  send(raw);
  await expect(received).rejects.toMatchObject(refusal);
  expect(bodies.used('a')).toBe(0);
});

test('of a body that holds too many values nothing is kept, and its sender is heard out', async () => {
  const { bodies, slots } = slotsFor();
  const { raw, request } = requestOf('a', 400_001);
  const received = receiveBody(slots, settings, request);
  raw.write(`[${'1,'.repeat(100_000)}`);
  await new Promise(setImmediate);
  expect(bodies.used('a')).toBe(0);
  raw.end('1,'.repeat(100_000));
  await expect(received).rejects.toMatchObject({ type: 'too_large', extras: { param: '' } });
});

test('a body that stops arriving is given up with 408', async () => {
  const { slots } = slotsFor();
  const { raw, request } = requestOf('a', 100_000);
  const received = receiveBody(slots, { ...settings, silenceMsMax: 20 }, request);
  raw.write('a');
  await expect(received).rejects.toMatchObject({ extras: { status: 408 } });
});

test('a budget lets through until it is spent, and what was spent beyond it is paid back first', () => {
  let now = 0;
  const budget = createBudget(() => now);
  budget.spend('a', 100, 100);
  expect(budget.waitMs('a', 100)).toBe(0);
  budget.spend('a', 100, 50);
  expect(budget.waitMs('a', 100)).toBe(30_000);
  expect(budget.waitMs('b', 100)).toBe(0);
  now = 30_000;
  expect(budget.waitMs('a', 100)).toBe(0);
});

test('an account that has spent its bytes or its time is told when to come back', () => {
  const request = { caller: { accountId: 'a' } } as FastifyRequest;
  for (const spend of ['spendBytes', 'spendCpu'] as const) {
    const budgets = createBodyBudgets({ bytesPerMinute: 1000, cpuMsPerMinute: 1000 });
    budgets.refuseSpent(request);
    budgets[spend](request, 3000);
    expect(() => budgets.refuseSpent(request)).toThrow(
      expect.objectContaining({ type: 'rate_limited', extras: { retryAfterMs: expect.any(Number) } }),
    );
  }
});
