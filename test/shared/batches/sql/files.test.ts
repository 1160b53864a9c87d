import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { insertAccount } from '../../../../src/shared/accounts/sql/accounts.ts';
import { readFileLines } from '../../../../src/shared/batches/file-lines.ts';
import { insertBatch } from '../../../../src/shared/batches/sql/batches.ts';
import {
  appendToFile,
  beginFile,
  deleteOldFiles,
  FileGone,
  finishFile,
} from '../../../../src/shared/batches/sql/files.ts';
import { newId } from '../../../../src/shared/ids.ts';
import { type Database, openDatabase } from '../../../../src/shared/platform/postgres/database.ts';
import { createTestDatabase } from '../../../support/database.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let sql: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.ownerUrl, poolMax: 4, prepare: true, applicationName: 'test' });
  await insertAccount(sql, { id: 'acct', name: 'test' });
});
beforeEach(async () => {
  await sql`delete from batches`;
  await sql`delete from files`;
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

async function keep(text: string, expiresInSeconds = 3600): Promise<string> {
  const id = newId('file');
  await beginFile(sql, { id, accountId: 'acct', purpose: 'batch', filename: 'lines.jsonl' });
  await appendToFile(sql, id, Buffer.from(text));
  await finishFile(sql, { id, expiresInSeconds });
  return id;
}

async function readBy(fileId: string): Promise<void> {
  await insertBatch(sql, {
    id: newId('batch'),
    accountId: 'acct',
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
}

const left = async () => (await sql<{ id: string }[]>`select id from files order by id`).map(({ id }) => id);

describe('a file that is read in slices', () => {
  const read = (fileId: string, from: { readBytes: number; readLines: number }) =>
    readFileLines(sql, fileId, from, 2, 1000);

  test('ends where its bytes end', async () => {
    const id = await keep('a\nb\nc\n');
    const first = await read(id, { readBytes: 0, readLines: 0 });
    expect(first).toMatchObject({ readLines: 2, isEnd: false });
    const second = await read(id, first);
    expect(second).toMatchObject({ readLines: 3, isEnd: false });
    expect(await read(id, second)).toMatchObject({ lines: [], isEnd: true });
  });

  test('passes over empty lines, which have numbers, however many there are', async () => {
    const id = await keep(`${'\n'.repeat(5000)}a\n \nb\nc\n`);
    const first = await read(id, { readBytes: 0, readLines: 0 });
    expect(first).toMatchObject({ lines: [{ line: 5001 }, { line: 5003 }], readLines: 5003 });
    expect(await read(id, first)).toMatchObject({ lines: [{ line: 5004 }], readLines: 5004 });
  });

  test('and deleted meanwhile does not end: the reader is told', async () => {
    const id = await keep('a\nb\nc\n');
    const first = await read(id, { readBytes: 0, readLines: 0 });
    await sql`delete from files where id = ${id}`;
    await expect(read(id, first)).rejects.toThrow(FileGone);
  });

  test('and shorter than it was written does not end either', async () => {
    const id = await keep('a\nb\nc');
    await sql`update files set bytes = bytes + 1 where id = ${id}`;
    await expect(read(id, { readBytes: 0, readLines: 0 })).resolves.toMatchObject({ readLines: 2 });
    await expect(read(id, { readBytes: 4, readLines: 2 })).rejects.toThrow(FileGone);
  });
});

describe('the removal of old files', () => {
  test('passes over those that batches read, however many, and comes to the next', async () => {
    const busy = [await keep('x', -30), await keep('x', -30)];
    for (const id of busy) await readBy(id);
    const [old, young] = [await keep('x', -10), await keep('x')];
    expect(await deleteOldFiles(sql, 30, 2)).toBe(1);
    expect(await left()).toEqual([...busy, young].sort());
    expect(old).not.toBe(young);
  });

  test('passes over those that batches still write, however long ago they were begun', async () => {
    await readBy(await keep('x'));
    const files = [newId('file'), newId('file'), newId('file')];
    const [output, error, orphan] = files;
    for (const id of files)
      await beginFile(sql, { id, accountId: 'acct', purpose: 'batch_output', filename: 'output.jsonl' });
    await sql`update files set expires_at = now() - interval '1 hour' where id = any (${files}::text[])`;
    await sql`update batches set output_file_id = ${output}, error_file_id = ${error}`;
    expect(await deleteOldFiles(sql, 30, 10)).toBe(1);
    expect(await left()).not.toContain(orphan);
    expect(await left()).toEqual(expect.arrayContaining([output, error]));
  });

  test('goes on after one that cannot be removed', async () => {
    const [stuck, next] = [await keep('stuck', -30), await keep('x', -10)];
    await sql.unsafe(`
      create function refuse_removal() returns trigger language plpgsql as $$
      begin
        if old.id = '${stuck}' then raise exception 'stuck'; end if;
        return old;
      end $$;
      create trigger refuse_removal before delete on files for each row execute function refuse_removal();
    `);
    expect(await deleteOldFiles(sql, 30, 10)).toBe(1);
    await sql`drop trigger refuse_removal on files`;
    expect(await left()).toEqual([stuck]);
    expect(next).not.toBe(stuck);
  });
});
