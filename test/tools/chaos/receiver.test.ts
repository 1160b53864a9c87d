import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Receiver, startReceiver } from '../../../tools/chaos/receiver.ts';
import { waitFor } from '../../support/wait-for.ts';

let receiver: Receiver;
let drawn = 0;
beforeEach(async () => {
  drawn = 0;
  receiver = await startReceiver({ random: () => drawn });
});
afterEach(() => receiver.close());

const headers = { 'webhook-id': 'evt_1', 'webhook-timestamp': '17', 'webhook-signature': 'v1,abc' };
const post = (body: string | Uint8Array<ArrayBuffer> = 'hello', init: RequestInit = {}) =>
  fetch(`${receiver.url}/hooks?a=b`, { method: 'POST', headers, body, redirect: 'manual', ...init });

it('keeps a webhook as it came, to the byte', async () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 256);
  expect((await post(bytes)).status).toBe(200);
  const [webhook] = receiver.received();
  expect(webhook).toMatchObject({
    path: '/hooks?a=b',
    id: 'evt_1',
    timestamp: '17',
    signature: 'v1,abc',
    answered: 'ok',
  });
  const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
  expect(digest(webhook!.body)).toBe(digest(bytes));
  expect(Math.abs(Date.now() - webhook!.at.getTime())).toBeLessThan(10_000);
  expect(receiver.faults()).toEqual({});
});

it('records nothing when it resets at once, and the webhook when it resets afterwards', async () => {
  receiver.setFaults({ reset: 1 });
  await expect(post()).rejects.toThrow('fetch failed');
  expect(receiver.received()).toEqual([]);
  receiver.setFaults({ resetAfter: 1 });
  await expect(post()).rejects.toThrow('fetch failed');
  expect(receiver.received()).toMatchObject([{ id: 'evt_1', answered: 'resetAfter' }]);
  expect(receiver.faults()).toEqual({ reset: 1, resetAfter: 1 });
});

it('answers 500, redirects to itself, and answers with megabytes', async () => {
  receiver.setFaults({ error500: 1 });
  expect((await post()).status).toBe(500);
  receiver.setFaults({ redirect: 1 });
  const redirect = await post();
  expect([redirect.status, redirect.headers.get('location')]).toEqual([307, '/redirected']);
  receiver.setFaults({ huge: 1 });
  const huge = await post();
  expect(huge.status).toBe(200);
  expect((await huge.arrayBuffer()).byteLength).toBe(8 * 2 ** 20);
  expect(receiver.received().map(({ answered }) => answered)).toEqual(['error500', 'redirect', 'huge']);
});

it('is slow as asked, and silent until the sender or its own end', async () => {
  receiver.setFaults({ slow: { p: 1, ms: 80 } });
  const before = performance.now();
  expect((await post()).status).toBe(200);
  expect(performance.now() - before).toBeGreaterThan(70);
  receiver.setFaults({ slow: { p: 1, ms: 3_600_000 } });
  const slow = post();
  await waitFor('the slow webhook', () => receiver.received().length === 2);
  receiver.setFaults({ hang: 1 });
  const hanging = post();
  await waitFor('the hanging webhook', () => receiver.received().length === 3);
  const ends = Promise.allSettled([slow, hanging]);
  await receiver.close();
  expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

it('draws once per request, each fault with its own share', async () => {
  receiver.setFaults({ error500: 0.25, redirect: 0.25, resetAfter: 0 });
  const met: number[] = [];
  for (drawn of [0, 0.24, 0.25, 0.49, 0.5, 0.99]) met.push((await post()).status);
  expect(met).toEqual([500, 500, 307, 307, 200, 200]);
  expect(receiver.faults()).toEqual({ error500: 2, redirect: 2 });
  expect(() => receiver.setFaults({ error500: 0.6, slow: { p: 0.5, ms: 1 } })).toThrow(RangeError);
});
