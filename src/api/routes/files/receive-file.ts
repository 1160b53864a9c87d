import { createHash, type Hash } from 'node:crypto';
import { toUSVString } from 'node:util';
import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { appendToFile, beginFile, chunkBytesMax, dropFile } from '../../../shared/batches/sql/files.ts';
import { invalid, Refusal } from '../../../shared/errors.ts';
import { newId } from '../../../shared/ids.ts';
import { overQuota } from '../../../shared/platform/config/quotas.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import { accountOf, limitOf } from '../../http/caller.ts';
import { giveUpSilent } from '../../http/give-up-silent.ts';
import { silenceMsMax } from '../../http/receive-body.ts';

export const fileBytesMax = 200 * 1024 * 1024;

/** A file whose bytes are stored, and that nobody sees yet; the other fields of its form. */
export type ReceivedFile = { id: string; fields: Map<string, string> };

/**
 * Stores the file of a multipart form while it arrives, a chunk at a time, within the quotas of its account.
 * Whatever goes wrong, nothing is left of it. The hash of the request is made from the file and the fields,
 * not from the bytes: a form has another boundary each time it is sent.
 */
export async function receiveFile(sql: Database, request: FastifyRequest): Promise<ReceivedFile> {
  const owner = {
    accountId: accountOf(request),
    filesMax: limitOf(request, 'files'),
    storedMax: limitOf(request, 'stored_bytes'),
  };
  const fields = new Map<string, string>();
  const hash = createHash('sha256');
  let id: string | null = null;
  // What fails outside of storing is the form, whatever its parser calls it.
  let storing = false;
  const stop = giveUpSilent(request, silenceMsMax);
  try {
    for await (const part of request.parts()) {
      if (part.type === 'field') {
        fields.set(part.fieldname, String(part.value));
        continue;
      }
      if (part.fieldname !== 'file' || id !== null) throw onlyOneFile();
      id = newId('file');
      storing = true;
      await store(sql, id, owner, part, hash);
      storing = false;
    }
    if (id === null) throw onlyOneFile();
  } catch (error) {
    if (id !== null) await dropFile(sql, id).catch(() => undefined);
    throw toRefusal(error, storing);
  } finally {
    stop();
  }
  const sortedFields = [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
  request.bodySha256 = hash.update(JSON.stringify(sortedFields)).digest('hex');
  return { id, fields };
}

/** A file is validated by what is in it: its name is for people, and clients that have none send this one. */
const unnamed = 'upload';
const nameUnitsMax = 255;

function nameOf(given: string | undefined): string {
  const name = toUSVString((given ?? '').replaceAll('\0', '').slice(0, nameUnitsMax));
  return name === '' ? unnamed : name;
}

async function store(
  sql: Database,
  id: string,
  { accountId, filesMax, storedMax }: { accountId: string; filesMax: number; storedMax: number },
  part: MultipartFile,
  hash: Hash,
): Promise<void> {
  const filename = nameOf(part.filename);
  hash.update(`${filename}\n`);
  const isBegun = await beginFile(sql, { id, accountId, purpose: 'batch', filename }, filesMax);
  if (!isBegun) throw overQuota('files', filesMax);
  let pieces: Buffer[] = [];
  let size = 0;
  const flush = async () => {
    const isStored = await appendToFile(sql, id, Buffer.concat(pieces, size), storedMax);
    if (!isStored) throw overQuota('stored_bytes', storedMax);
    pieces = [];
    size = 0;
  };
  for await (const piece of part.file as AsyncIterable<Buffer>) {
    hash.update(piece);
    if (size + piece.length > chunkBytesMax) await flush();
    pieces.push(piece);
    size += piece.length;
  }
  if (part.file.truncated) {
    throw new Refusal('too_large', `A file has at most ${fileBytesMax / 1024 / 1024} MiB`);
  }
  await flush();
}

const onlyOneFile = () => invalid([{ param: 'file', message: 'a form has one file, in the field "file"' }]);

/** How busboy begins what it says of a form without a boundary, or one that breaks off. */
const brokenForm = /^(?:Multipart: |Part terminated early|Unexpected end of)/;

/** What the parser says of a form that is broken or too large. */
function toRefusal(error: unknown, storing: boolean): unknown {
  if (error instanceof Refusal) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const isForm = !storing || String(code).startsWith('FST_') || brokenForm.test(String(message));
  if (!isForm) return error;
  if (code === 'FST_REQ_FILE_TOO_LARGE') {
    return new Refusal('too_large', `A file has at most ${fileBytesMax / 1024 / 1024} MiB`, {}, error);
  }
  return new Refusal('invalid_json', 'The body is not a multipart form that could be read', {}, error);
}
