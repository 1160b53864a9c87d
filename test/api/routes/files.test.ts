import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
let key: string;
beforeAll(async () => {
  server = await openTestServer();
  key = (await server.openAccount()).key;
});
afterAll(() => server.close());

const lines = '{"custom_id":"a"}\n';
function upload({ purpose = 'batch', filename = 'lines.jsonl' } = {}, as = key) {
  const part = (name: string, more: string, text: string) =>
    `--x\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${text}\r\n`;
  const body = `${part('purpose', '', purpose)}${part('file', `; filename="${filename}"`, lines)}--x--\r\n`;
  const headers = { 'content-type': 'multipart/form-data; boundary=x' };
  return server.call('POST /v1/files', { as, body, headers });
}

test('an upload is 200: then it is listed, read, downloaded byte for byte, and deleted', async () => {
  const { status, json: file } = await upload();
  expect(status).toBe(200);
  expect(file).toMatchObject({ object: 'file', purpose: 'batch', bytes: lines.length });
  const listed = await server.call('GET /v1/files', { as: key });
  expect(listed.json.data).toContainEqual(file);
  expect((await server.call(`GET /v1/files/${file.id}`, { as: key })).json).toEqual(file);
  const content = await server.call(`GET /v1/files/${file.id}/content`, { as: key });
  expect([content.headers['content-type'], content.text]).toEqual(['application/octet-stream', lines]);
  expect((await server.call(`DELETE /v1/files/${file.id}`, { as: key })).json).toEqual({
    id: file.id,
    object: 'file',
    deleted: true,
  });
  expect((await server.call(`GET /v1/files/${file.id}`, { as: key })).status).toBe(404);
});

test('400: a body that is no form', async () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=x' };
  expect((await server.call('POST /v1/files', { as: key, body: 'no form', headers })).status).toBe(400);
});

test('415: a body of another type', async () => {
  const headers = { 'content-type': 'text/plain' };
  expect((await server.call('POST /v1/files', { as: key, body: lines, headers })).status).toBe(415);
});

test('400: another purpose, and a name that does not end in .jsonl', async () => {
  expect((await upload({ purpose: 'fine-tune' })).json.error.param).toBe('purpose');
  expect((await upload({ filename: 'lines.txt' })).json.error.param).toBe('file');
  expect((await server.call('GET /v1/files?order=up', { as: key })).status).toBe(400);
});

test('404: a file of another account, in every way', async () => {
  const { json: file } = await upload();
  const { key: other } = await server.openAccount();
  for (const request of [
    `GET /v1/files/${file.id}`,
    `GET /v1/files/${file.id}/content`,
    `DELETE /v1/files/${file.id}`,
  ]) {
    expect((await server.call(request, { as: other })).status, request).toBe(404);
  }
});
