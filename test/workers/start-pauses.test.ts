import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../src/shared/platform/log.ts';
import { type Database, openDatabase } from '../../src/shared/platform/postgres/database.ts';
import { deletePausedProvider, insertPausedProvider } from '../../src/shared/queue/sql/paused-providers.ts';
import { type Pauses, startPauses } from '../../src/workers/start-pauses.ts';
import { createTestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let sql: Database;
let paused: Pauses;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.ownerUrl, poolMax: 2, prepare: true, applicationName: 'test' });
});
afterEach(() => paused.stop());
afterAll(async () => {
  await sql.end();
  await database.drop();
});

/** `signal` is what the API sends when a provider was paused or resumed. */
function start() {
  const resumed: string[] = [];
  let signal: () => void = () => undefined;
  const signals = {
    publish: () => undefined,
    sent: async () => undefined,
    subscribe: (topic: string, listener: (about: string) => void) => {
      if (topic === 'providers') signal = () => listener('');
    },
  };
  paused = startPauses({ sql, signals }, createLog('silent', 'test'), (provider) => resumed.push(provider));
  return { resumed, signal: () => signal() };
}

test('a pause acts at its signal, and who resumes is heard of once', async () => {
  const { resumed, signal } = start();
  await insertPausedProvider(sql, 'openai');
  await insertPausedProvider(sql, 'google');
  signal();
  await waitFor('the pauses', () => paused.isPaused('openai') && paused.isPaused('google'));
  expect(paused.isPaused('anthropic')).toBe(false);
  await deletePausedProvider(sql, 'openai');
  signal();
  await waitFor('the end of the pause', () => !paused.isPaused('openai'));
  expect(paused.isPaused('google')).toBe(true);
  expect(resumed).toEqual(['openai']);
});

test('a pause whose signal was lost acts at the next poll', async () => {
  start();
  await insertPausedProvider(sql, 'openai');
  await waitFor('the pause', () => paused.isPaused('openai'));
});
