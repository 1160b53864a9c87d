import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { insertAccount } from '../../../../src/shared/accounts/sql/accounts.ts';
import {
  type BatchLease,
  leaseBatch,
  linesOfStep,
  linesPerSlice,
  releaseBatch,
  renewBatch,
} from '../../../../src/shared/batches/sql/batch-lease.ts';
import { insertBatch } from '../../../../src/shared/batches/sql/batches.ts';
import { newId } from '../../../../src/shared/ids.ts';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { createTestDatabase } from '../../../support/database.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let sql: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.ownerUrl, poolMax: 4, prepare: true, applicationName: 'test' });
});
beforeEach(async () => {
  await sql`delete from batches`;
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

async function openAccount(): Promise<string> {
  const id = newId('acct');
  await insertAccount(sql, { id, name: id });
  return id;
}

async function plant(accountId: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { id } = await insertBatch(sql, {
      id: newId('batch'),
      accountId,
      kind: 'openai',
      endpoint: '/v1/chat/completions',
      inputFileId: 'file_x',
      asked: null,
      fingerprint: '',
      retryOf: null,
      webhookUrl: null,
      metadata: null,
      outputExpiresSeconds: null,
      windowSeconds: 86_400,
    });
    ids.push(id);
  }
  return ids;
}

async function lease(except: string[] = []): Promise<BatchLease> {
  const leased = await leaseBatch(sql, 60, except);
  if (leased === null) throw new Error('there was a batch to move');
  return leased;
}

const handBack = (one: BatchLease) => releaseBatch(sql, one, { delayMs: 0, hasFailed: false });

describe('whose batch is moved next', () => {
  test('accounts take turns, however many batches one of them began before', async () => {
    const [many, one] = [await openAccount(), await openAccount()];
    await plant(many, 30);
    const first = await lease();
    await plant(one, 1);
    await handBack(first);
    const turns: string[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const next = await lease();
      turns.push(next.accountId);
      await handBack(next);
    }
    expect(turns).toEqual([one, many, one, many, one, many]);
  });

  test('of one account the batch that has waited longest', async () => {
    const account = await openAccount();
    const planted = await plant(account, 3);
    const moved: string[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const next = await lease();
      moved.push(next.batchId);
      await handBack(next);
    }
    expect(moved).toEqual([...planted, planted[0]]);
  });

  test('an account with a batch under way comes after those with none', async () => {
    const [busy, idle] = [await openAccount(), await openAccount()];
    await plant(busy, 3);
    await lease();
    await plant(idle, 1);
    const submission = [(await lease()).accountId, (await lease()).accountId];
    expect(submission).toEqual([idle, busy]);
  });

  test('accounts that this process serves already are left out', async () => {
    const account = await openAccount();
    await plant(account, 2);
    expect(await leaseBatch(sql, 60, [account])).toBeNull();
  });
});

describe('leases that are lost', () => {
  const endLease = () => sql`update batches set lease_until = now() - interval '1 second'`;

  async function die(): Promise<void> {
    await renewBatch(sql, await lease());
    await endLease();
  }

  async function countLost(): Promise<number | undefined> {
    const next = await lease();
    const batch = await renewBatch(sql, next);
    await handBack(next);
    return batch?.expiredLeases;
  }

  test('are counted while the batch stands where it stood', async () => {
    await plant(await openAccount(), 1);
    await die();
    await die();
    expect(await countLost()).toBe(2);
  });

  test('are not counted where the batch moved on before, or the lease was handed back', async () => {
    await plant(await openAccount(), 1);
    await renewBatch(sql, await lease());
    await sql`update batches set read_bytes = read_bytes + 10`;
    await endLease();
    expect(await countLost()).toBe(0);
    expect(await countLost()).toBe(0);
  });

  test('are forgotten when the batch has passed what was under way then', async () => {
    await plant(await openAccount(), 1);
    await die();
    const next = await lease();
    let batch = await renewBatch(sql, next);
    const lines = batch === null ? 0 : linesOfStep(batch, linesPerSlice) * batch.carefulSteps;
    // A slice, and the one that was read ahead.
    expect(lines).toBeGreaterThanOrEqual(2 * linesPerSlice);
    for (let step = batch?.carefulSteps ?? 0; step > 0; step -= 1) {
      expect(batch).toMatchObject({ expiredLeases: 1, carefulSteps: step });
      await sql`update batches set read_bytes = read_bytes + 10`;
      batch = await renewBatch(sql, next);
    }
    expect(batch).toMatchObject({ expiredLeases: 0, carefulSteps: 0 });
  });

  test.each([
    [0, 1000],
    [1, 32],
    [2, 1],
    [3, 1],
  ])('after %i of them a step takes %i lines', (expiredLeases, lines) => {
    expect(linesOfStep({ expiredLeases, carefulSteps: expiredLeases === 0 ? 0 : 9 }, 1000)).toBe(lines);
  });

  test('a step that failed counts as one, and puts the batch off', async () => {
    await plant(await openAccount(), 1);
    const next = await lease();
    await renewBatch(sql, next);
    await releaseBatch(sql, next, { delayMs: 1000, hasFailed: true });
    expect(await leaseBatch(sql, 60)).toBeNull();
    await sql`update batches set look_at = now()`;
    expect(await countLost()).toBe(1);
  });
});
