import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eraseBatch, insertBatch } from '../../../../../src/shared/batches/sql/batches.ts';
import { appendToFile, beginFile, finishFile } from '../../../../../src/shared/batches/sql/files.ts';
import { newId } from '../../../../../src/shared/ids.ts';
import { openTestServer, type TestServer } from '../../../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

async function keepFile(accountId: string, lines: string[]): Promise<string> {
  const id = newId('file');
  await beginFile(server.sql, { id, accountId, purpose: 'message_batch', filename: 'output.jsonl' });
  await appendToFile(server.sql, id, Buffer.from(lines.map((line) => `${line}\n`).join('')));
  await finishFile(server.sql, { id, expiresInSeconds: 3600 });
  return id;
}

/** A message batch that has ended, with these lines in its output file. */
async function endedBatch(accountId: string, lines: string[]): Promise<string> {
  const batch = await insertBatch(server.sql, {
    id: newId('msgbatch'),
    accountId,
    kind: 'anthropic',
    endpoint: '/v1/messages',
    inputFileId: newId('file'),
    asked: lines.length,
    fingerprint: '',
    retryOf: null,
    webhookUrl: null,
    metadata: null,
    outputExpiresSeconds: null,
    windowSeconds: 86_400,
  });
  const fileId = await keepFile(accountId, lines);
  await server.owner`update batches set state = 'in_progress', total = ${lines.length}, output_file_id = ${fileId} where id = ${batch.id}`;
  await server.owner`update batches set state = 'finalizing' where id = ${batch.id}`;
  await server.owner`update batches set state = 'completed', finished_at = now() where id = ${batch.id}`;
  return batch.id;
}

test('a result longer than a line of an input file may be is told, and so are those after it', async () => {
  const { id, key } = await server.openAccount();
  const answered = (custom_id: string, text: string) =>
    JSON.stringify({
      custom_id,
      response: { status_code: 200, request_id: 'r', body: { text } },
      error: null,
    });
  const long = 'x'.repeat(21 * 1024 * 1024);
  const batchId = await endedBatch(id, [answered('a', 'short'), answered('b', long), answered('c', 'short')]);
  const { body } = await server.app.inject({
    url: `/v1/messages/batches/${batchId}/results`,
    headers: { 'x-api-key': key },
  });
  const ids = body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).custom_id);
  expect(ids).toEqual(['a', 'b', 'c']);
});

/** Reads an answer as far as it comes, and has `meanwhile` done after its first piece. */
async function readSlowly(path: string, key: string, meanwhile: () => Promise<unknown>): Promise<string> {
  const url = await server.app.listen({ port: 0, host: '127.0.0.1' });
  const { body } = await fetch(`${url}${path}`, { headers: { 'x-api-key': key } });
  let text = '';
  for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
    if (text === '') await meanwhile();
    text += Buffer.from(piece).toString();
  }
  return text;
}

describe('results that are gone before they are read to the end', () => {
  const lines = (count: number) =>
    Array.from({ length: count }, (_, index) => {
      const body = { text: 'x'.repeat(100_000) };
      const response = { status_code: 200, request_id: 'r', body };
      return JSON.stringify({ custom_id: `line-${index}`, response, error: null });
    });

  test('break the connection of a reader, so that the answer does not pass for the whole', async () => {
    const { id, key } = await server.openAccount();
    const batchId = await endedBatch(id, lines(200));
    const erase = () => eraseBatch(server.sql, { accountId: id, kind: 'anthropic', id: batchId });
    const reading = readSlowly(`/v1/messages/batches/${batchId}/results`, key, erase);
    await expect(reading).rejects.toThrow('terminated');
  });

  test('are not there for whoever asks then', async () => {
    const { id, key } = await server.openAccount();
    const batchId = await endedBatch(id, lines(2));
    await server.owner`delete from files where account_id = ${id}`;
    const answer = await server.call(`GET /v1/messages/batches/${batchId}/results`, { as: key });
    expect(answer).toMatchObject({ status: 404, json: { error: { type: 'not_found_error' } } });
  });
});
