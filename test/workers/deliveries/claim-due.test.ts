import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClaimDue } from '../../../src/workers/deliveries/claim-due.ts';
import { type OwedDeliveries, openOwedDeliveries } from './owed-deliveries.ts';

let owed: OwedDeliveries;
beforeEach(async () => {
  owed = await openOwedDeliveries();
});
afterEach(() => owed.close());

const open = () => createClaimDue(owed.sql, { leaseSeconds: 30, perReceiver: 2 });

test('a claim takes what is due, at most so many of each receiver, under a token of its own', async () => {
  for (let n = 0; n < 3; n += 1) await owed.owe('http://one.example/');
  await owed.owe('http://two.example/');
  const claimDue = open();
  const first = await claimDue(10, new Map());
  expect(first.claimed.map(({ receiver }) => receiver).sort()).toEqual([
    '//one.example',
    '//one.example',
    '//two.example',
  ]);
  const second = await claimDue(10, new Map());
  expect(second.claimed.map(({ receiver }) => receiver)).toEqual(['//one.example']);
  expect(second.token).not.toBe(first.token);
});

test('slots that are taken are not filled', async () => {
  await owed.owe('http://one.example/');
  expect((await open()(10, new Map([['//one.example', 2]]))).claimed).toEqual([]);
});

test('where more receivers are owed than one claim looks at, the next claim goes on after those', async () => {
  // The oldest and the newest, which every claim looks at, are the last by name.
  await owed.sql`
    insert into deliveries (id, account_id, event_id, event_type, url, body, next_attempt_at)
    select 'dlv_' || n, ${owed.accountId}, 'evt_' || n, 'job.succeeded',
      'https://h' || lpad(n::text, 4, '0') || '.example/', '{}',
      now() - make_interval(mins => case when n <= 1500 then 10 when n <= 1700 then 20 else 1 end)
    from generate_series(1, 2000) n`;
  const claimDue = open();
  await claimDue(2000, new Map());
  const { claimed } = await claimDue(2000, new Map());
  const names = claimed.map(({ receiver }) => receiver).filter((name) => name <= '//h1500.example');
  expect([names.length, names.sort().at(0)]).toEqual([500, '//h0501.example']);
});
