import type { Database, Sql } from '../../platform/postgres/database.ts';

/** `message_batch`: the requests and the results of one; they are no files of the account. */
export type FilePurpose = 'batch' | 'batch_output' | 'message_batch';

export type StoredFile = {
  id: string;
  purpose: FilePurpose;
  filename: string;
  bytes: bigint;
  createdAt: Date;
  expiresAt: Date;
};

/** A chunk holds at most this much. */
export const chunkBytesMax = 1024 * 1024;

/** A file still in the making after this long was left behind. */
const makingHours = 1;

const columns = (sql: Sql) => sql`
  id, purpose, filename, bytes, created_at as "createdAt", expires_at as "expiresAt"`;

/**
 * Begins a file: nobody sees it until it is finished, and it goes away by itself when it never is. False when
 * its account has `filesMax` of them; then there is none. The row that counts them is locked, so that two who
 * begin one see each other.
 */
export async function beginFile(
  sql: Sql,
  file: { id: string; accountId: string; purpose: FilePurpose; filename: string },
  filesMax: number | null = null,
): Promise<boolean> {
  const rows = await sql`
    with room as materialized (
      select 1 from account_usage
      where account_id = ${file.accountId} and (${filesMax}::integer is null or files < ${filesMax})
      for no key update
    )
    insert into files (id, account_id, purpose, filename, expires_at)
    select ${file.id}, ${file.accountId}, ${file.purpose}, ${file.filename},
      now() + make_interval(hours => ${makingHours})
    where exists (select from room)
    returning id`;
  return rows.length === 1;
}

/** Stores one chunk, at most a mebibyte, at its place in the file. */
async function putChunk(sql: Sql, chunk: { fileId: string; startsAt: number; bytes: Buffer }): Promise<void> {
  await sql`
    insert into file_chunks (file_id, starts_at, bytes) values (${chunk.fileId}, ${chunk.startsAt},
      ${chunk.bytes})`;
}

/**
 * Appends bytes to a file in the making, in as many chunks as they need. False when its account would then
 * have stored more than `storedMax`; nothing is appended.
 */
export async function appendToFile(
  sql: Sql,
  fileId: string,
  bytes: Buffer,
  storedMax: number | null = null,
): Promise<boolean> {
  if (bytes.length === 0) return true;
  const [row] = await sql<{ before: bigint }[]>`
    with room as materialized (
      select 1 from account_usage u join files f on f.account_id = u.account_id
      where f.id = ${fileId} and (${storedMax}::bigint is null
        or u.stored_bytes + ${bytes.length} <= ${storedMax})
      for no key update of u
    )
    update files set bytes = bytes + ${bytes.length}
    where id = ${fileId} and state = 'uploading' and exists (select from room)
    returning bytes - ${bytes.length} as before`;
  if (row === undefined && storedMax !== null) return false;
  if (row === undefined) throw new Error(`file ${fileId} is not in the making`);
  for (let at = 0; at < bytes.length; at += chunkBytesMax) {
    const chunk = bytes.subarray(at, at + chunkBytesMax);
    await putChunk(sql, { fileId, startsAt: Number(row.before) + at, bytes: chunk });
  }
  return true;
}

/** Shows a file to its account from now on, for this long. */
export async function finishFile(
  sql: Sql,
  file: { id: string; expiresInSeconds: number },
): Promise<StoredFile> {
  const [row] = await sql<StoredFile[]>`
    update files f
    set state = 'processed', expires_at = f.created_at + make_interval(secs => ${file.expiresInSeconds})
    where f.id = ${file.id} and f.state = 'uploading'
    returning ${columns(sql)}`;
  if (row === undefined) throw new Error(`file ${file.id} is not in the making`);
  return row;
}

/** A finished file of an account, or null. */
export async function findFile(sql: Sql, accountId: string, fileId: string): Promise<StoredFile | null> {
  const [row] = await sql<StoredFile[]>`
    select ${columns(sql)} from files
    where id = ${fileId} and account_id = ${accountId} and state = 'processed' and expires_at > now()
      and purpose <> 'message_batch'`;
  return row ?? null;
}

/** Whether a finished file is there, whoever owns it. */
export async function fileExists(sql: Sql, fileId: string): Promise<boolean> {
  const rows = await sql`select 1 from files where id = ${fileId} and state = 'processed'`;
  return rows.length > 0;
}

export type FileFilter = {
  accountId: string;
  purpose: string | null;
  after: string | null;
  direction: 'asc' | 'desc';
  limit: number;
};

/** Finished files of an account by age, one more than `limit`. */
export async function listFiles(sql: Database, filter: FileFilter): Promise<StoredFile[]> {
  const { purpose, after } = filter;
  const isUp = filter.direction === 'asc';
  return await sql<StoredFile[]>`
    select ${columns(sql)} from files
    where account_id = ${filter.accountId} and state = 'processed' and expires_at > now()
      and purpose <> 'message_batch'
      ${purpose === null ? sql`` : sql`and purpose = ${purpose}`}
      ${after === null ? sql`` : sql`and id ${isUp ? sql`>` : sql`<`} ${after}`}
    order by ${isUp ? sql`id` : sql`id desc`}
    limit ${filter.limit + 1}`;
}

/** Removes a file in the making. */
export async function dropFile(sql: Sql, fileId: string): Promise<void> {
  await sql`delete from files where id = ${fileId} and state = 'uploading'`;
}

/** Removes a finished file: `busy` when a batch is still reading it, null when there is none. */
export async function deleteFile(
  sql: Sql,
  accountId: string,
  fileId: string,
): Promise<'deleted' | 'busy' | null> {
  const [row] = await sql<{ busy: boolean }[]>`
    select exists (select 1 from batches b where b.input_file_id = f.id and b.state = 'validating') as busy
    from files f
    where f.id = ${fileId} and f.account_id = ${accountId} and f.state = 'processed'
      and f.purpose <> 'message_batch'`;
  if (row === undefined) return null;
  if (row.busy) return 'busy';
  await sql`delete from files where id = ${fileId} and state = 'processed'`;
  return 'deleted';
}

/** A file was deleted, or expired, before all of it was read: what was read of it is not the whole. */
export class FileGone extends Error {}

/**
 * Bytes of a finished file from `offset`: at most `length`, fewer where a chunk ends; null at its end. Throws
 * FileGone when there is no such file, or no longer: an end that nobody sees would pass for that of the file.
 */
export async function readBytes(
  sql: Sql,
  fileId: string,
  offset: number,
  length: number,
): Promise<Buffer | null> {
  const [row] = await sql<{ part: Buffer }[]>`
    select substring(bytes from (${offset}::bigint - starts_at + 1)::integer for ${length}::integer) as part
    from file_chunks
    where file_id = ${fileId} and starts_at <= ${offset}::bigint
    order by starts_at desc limit 1`;
  if (row !== undefined && row.part.length > 0) return row.part;
  const whole = await sql`
    select 1 from files where id = ${fileId} and state = 'processed' and bytes <= ${offset}::bigint`;
  if (whole.length === 0) throw new FileGone(`file ${fileId} is gone`);
  return null;
}

/**
 * Removes files past their time or older than `days`, but none that a batch is reading or writing, however
 * long that takes; returns how many, at most `limit`. Each by itself: a large one takes a while, and one that
 * cannot be removed keeps no other. Fails when none of them could be.
 */
export async function deleteOldFiles(sql: Database, days: number, limit: number): Promise<number> {
  const unused = sql`not exists (select 1 from batches b where b.input_file_id = f.id
  and b.state = 'validating')
    and not exists (
      select 1 from batches b
      where b.account_id = f.account_id and b.finished_at is null
        and f.id in (b.output_file_id, b.error_file_id)
    )`;
  const old = await sql<{ id: string }[]>`
    (select f.id from files f where f.expires_at < now() and ${unused} order by f.expires_at limit ${limit})
    union
    (select f.id from files f where f.created_at < now() - make_interval(days => ${days}) and ${unused}
      order by f.created_at limit ${limit})
    limit ${limit}`;
  const failures: unknown[] = [];
  for (const { id } of old) {
    await sql`delete from files f where f.id = ${id} and ${unused}`.catch((error: unknown) =>
      failures.push(error),
    );
  }
  if (failures.length > 0 && failures.length === old.length) throw failures[0];
  return old.length - failures.length;
}
