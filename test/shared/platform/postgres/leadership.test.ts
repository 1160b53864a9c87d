import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { createLeadership } from '../../../../src/shared/platform/postgres/leadership.ts';
import { createTestDatabase } from '../../../support/database.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let sql: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.appUrl, poolMax: 4, prepare: true, applicationName: 'test' });
});
afterEach(() => sql`delete from leaders`);
afterAll(async () => {
  await sql.end();
  await database.drop();
});

const termLeftMs = async (role: string) => {
  const [row] = await sql<{ ms: number }[]>`
    select extract(epoch from until - now())::double precision * 1000 as ms from leaders
    where role = ${role}`;
  return row?.ms ?? 0;
};
const endTerms = () => sql`update leaders set until = now() - interval '1 millisecond'`;
/** Past what is remembered of a quick term, in this process only. */
const later = (ms: number) => {
  const now = performance.now.bind(performance);
  return vi.spyOn(performance, 'now').mockImplementation(() => now() + ms);
};

test('one process at a time has a role, and the next has it when its term ended', async () => {
  const [first, second] = [createLeadership(sql, 'first'), createLeadership(sql, 'second')];
  expect(await first.lead('reap')).toBe(true);
  expect(await second.lead('reap')).toBe(false);
  expect(second.freeInMs('reap')).toBeGreaterThan(0);
  await endTerms();
  const clock = later(2000);
  expect(await second.lead('reap')).toBe(true);
  expect(await first.lead('reap')).toBe(false);
  clock.mockRestore();
});

test('a role that is given back is free at once', async () => {
  const [first, second] = [createLeadership(sql, 'first'), createLeadership(sql, 'second')];
  expect(await first.lead('reap')).toBe(true);
  await first.resign();
  expect(await second.lead('reap')).toBe(true);
});

test('a leader that rests has a term that outlasts its rest, and a short one again once it is quick', async () => {
  const leadership = createLeadership(sql, 'first');
  await leadership.lead('reap', 5000);
  expect(await termLeftMs('reap')).toBeGreaterThan(4000);
  await leadership.lead('reap', 100);
  expect(await termLeftMs('reap')).toBeLessThanOrEqual(1500);
});

test('who is quick asks again within a quick term, though the one that was at rest had a long one', async () => {
  const [first, second] = [createLeadership(sql, 'first'), createLeadership(sql, 'second')];
  await first.lead('reap', 5000);
  expect(await second.lead('reap', 100)).toBe(false);
  await endTerms();
  expect(await second.lead('reap', 100)).toBe(false);
  const clock = later(1600);
  expect(await second.lead('reap', 100)).toBe(true);
  clock.mockRestore();
});

test('roles that are asked for together are answered each by itself', async () => {
  const [first, second] = [createLeadership(sql, 'first'), createLeadership(sql, 'second')];
  expect(await first.lead('reap')).toBe(true);
  expect(
    await Promise.all([second.lead('reconcile'), second.lead('reap'), second.lead('dispatch:a')]),
  ).toEqual([true, false, true]);
});
