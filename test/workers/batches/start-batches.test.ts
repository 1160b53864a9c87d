import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { insertAccount } from '../../../src/shared/accounts/sql/accounts.ts';
import { insertBatch, requestBatchCancel } from '../../../src/shared/batches/sql/batches.ts';
import { appendToFile, beginFile, finishFile } from '../../../src/shared/batches/sql/files.ts';
import { loadCatalogue } from '../../../src/shared/catalogue/catalogue.ts';
import { newId } from '../../../src/shared/ids.ts';
import { createLog } from '../../../src/shared/platform/log.ts';
import type { Loop } from '../../../src/shared/platform/loop.ts';
import { type Database, openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import type { PricedLine } from '../../../src/shared/validation/tasks.ts';
import { startBatches } from '../../../src/workers/batches/start-batches.ts';
import { createTestDatabase } from '../../support/database.ts';
import { waitFor } from '../../support/wait-for.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let sql: Database;
let loop: Loop | null = null;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.ownerUrl, poolMax: 6, prepare: true, applicationName: 'test' });
});
afterEach(async () => {
  await loop?.stop();
  await sql`delete from batches`;
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

/** A batch of one line of an account of its own, with money. */
async function plant(account: string): Promise<string> {
  await insertAccount(sql, { id: account, name: account });
  await sql`update balances set available_nano = 1000000000 where account_id = ${account}`;
  return await plantAnother(account);
}

async function plantAnother(account: string): Promise<string> {
  const fileId = newId('file');
  await beginFile(sql, { id: fileId, accountId: account, purpose: 'batch', filename: 'lines.jsonl' });
  await appendToFile(sql, fileId, Buffer.from('{}\n'));
  await finishFile(sql, { id: fileId, expiresInSeconds: 3600 });
  const batch = await insertBatch(sql, {
    id: newId('batch'),
    accountId: account,
    kind: 'openai',
    endpoint: '/v1/chat/completions',
    inputFileId: fileId,
    asked: null,
    fingerprint: '',
    retryOf: null,
    webhookUrl: null,
    metadata: null,
    outputExpiresSeconds: null,
    windowSeconds: 86_400,
  });
  return batch.id;
}

/** A line that fails its batch: all that is seen of a batch here is whether it was moved. */
const fault: PricedLine = { code: 'url_mismatch', line: 1, message: 'x', param: null };

function start(lines: (accountId: string) => Promise<PricedLine[]>): void {
  const deps = {
    sql,
    catalogue: loadCatalogue(),
    signals: { publish: () => undefined },
    log: createLog('silent', 'test'),
    validator: { lines: (_: unknown, owner: { accountId: string }) => lines(owner.accountId) },
    owesDelivery: () => undefined,
  };
  loop = startBatches(deps, { leaseSeconds: 30 });
}

const stateOf = async (id: string) =>
  (await sql<{ state: string }[]>`select state from batches where id = ${id}`)[0]?.state;

test('a batch whose step takes long holds up those of its own account alone', async () => {
  const [slow, behind] = [await plant('slow'), await plantAnother('slow')];
  let goOn: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let begun = false;
  start(async (account) => {
    if (account === 'slow') {
      begun = true;
      await released;
    }
    return [fault];
  });
  await waitFor('the slow one to be begun', () => begun);
  const other = await plant('other');
  await waitFor('the other', async () => (await stateOf(other)) === 'failed');
  expect([await stateOf(slow), await stateOf(behind)]).toEqual(['validating', 'validating']);
  goOn();
  await waitFor(
    'both',
    async () => (await stateOf(slow)) === 'failed' && (await stateOf(behind)) === 'failed',
  );
});

test('a batch that is cancelled while its lines are read ends at once, not when its lease does', async () => {
  const cancelled = await plant('cancels');
  let goOn: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let begun = false;
  start(async () => {
    begun = true;
    await released;
    return [
      { line: 1, customId: 'a', job: null, refusal: { type: 'x', message: 'x', param: null } } as never,
    ];
  });
  await waitFor('it to be begun', () => begun);
  await requestBatchCancel(sql, { accountId: 'cancels', kind: 'openai', id: cancelled });
  goOn();
  await waitFor('its end', async () => (await stateOf(cancelled)) === 'cancelled', 10_000);
});

test('a batch whose step fails is put off, and those of others go on', async () => {
  const broken = await plant('broken');
  let failures = 0;
  start((account) => {
    if (account !== 'broken') return Promise.resolve([fault]);
    failures += 1;
    return Promise.reject(new Error('a bug'));
  });
  await waitFor('it to fail', () => failures > 0);
  const other = await plant('beside');
  await waitFor('the other', async () => (await stateOf(other)) === 'failed');
  const [row] =
    await sql`select lost_leases as lost, look_at > now() as waits from batches where id = ${broken}`;
  expect(row).toEqual({ lost: 1, waits: true });
});
