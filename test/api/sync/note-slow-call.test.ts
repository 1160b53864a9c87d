import { afterAll, beforeAll, expect, test } from 'vitest';
import { noteWhenSlow } from '../../../src/api/sync/note-slow-call.ts';
import { Refusal } from '../../../src/shared/errors.ts';
import { newId } from '../../../src/shared/ids.ts';
import { waitFor } from '../../support/wait-for.ts';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
let accountId = '';
beforeAll(async () => {
  server = await openTestServer();
  accountId = (await server.openAccount()).id;
});
afterAll(() => server.close());

const newCall = () => ({ jobId: newId('job'), accountId, fingerprint: 'the same' });
const notes = (jobId: string) => server.owner`select asks from sync_calls where job_id = ${jobId}`;

/** A call that is being accepted until it is noted; then it ends like this. */
async function acceptOnceNoted(jobId: string, end: () => Promise<string>): Promise<string> {
  await waitFor('the call to be noted', async () => (await notes(jobId)).length > 0);
  return await end();
}

test('a call that is accepted at once is left to whoever accepts it', async () => {
  const call = newCall();
  expect(await noteWhenSlow(server.sql, call, Promise.resolve('accepted'))).toBe('accepted');
  expect(await notes(call.jobId)).toEqual([]);
});

test('one that waits for long is noted while it waits', async () => {
  const call = newCall();
  const accepting = acceptOnceNoted(call.jobId, async () => 'accepted');
  expect(await noteWhenSlow(server.sql, call, accepting)).toBe('accepted');
  expect(await notes(call.jobId)).toEqual([{ asks: 1 }]);
});

test('of one that is refused after that nothing is left, unless it was asked for again', async () => {
  const refused = () => Promise.reject(new Refusal('insufficient_funds', 'no money'));
  const call = newCall();
  await expect(noteWhenSlow(server.sql, call, acceptOnceNoted(call.jobId, refused))).rejects.toThrow();
  expect(await notes(call.jobId)).toEqual([]);
  const other = newCall();
  const asked = acceptOnceNoted(other.jobId, async () => {
    await server.owner`update sync_calls set asks = 2 where job_id = ${other.jobId}`;
    return await refused();
  });
  await expect(noteWhenSlow(server.sql, other, asked)).rejects.toThrow();
  expect(await notes(other.jobId)).toHaveLength(1);
});

test('one of which nobody knows whether it was accepted stays noted', async () => {
  const call = newCall();
  const lost = acceptOnceNoted(call.jobId, () => Promise.reject(new Error('the connection broke')));
  await expect(noteWhenSlow(server.sql, call, lost)).rejects.toThrow();
  expect(await notes(call.jobId)).toHaveLength(1);
});
