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
type Form = { purpose?: string; filename?: string | null; more?: Record<string, string> };
function upload({ purpose = 'batch', filename = 'lines.jsonl', more = {} }: Form = {}, as = key) {
  const part = (name: string, rest: string, text: string) =>
    `--x\r\ncontent-disposition: form-data; name="${name}"${rest}\r\n\r\n${text}\r\n`;
  const named = filename === null ? '' : `; filename="${filename}"`;
  const fields = Object.entries({ purpose, ...more }).map(([name, value]) => part(name, '', value));
  const body = `${fields.join('')}${part('file', named, lines)}--x--\r\n`;
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

test.each([
  ['upload', 'upload', 'attachment; filename="upload"'],
  ['lines.txt', 'lines.txt', 'attachment; filename="lines.txt"'],
  [null, 'upload', 'attachment; filename="upload"'],
  ['', 'upload', 'attachment; filename="upload"'],
  [
    'Größe (1).jsonl',
    'Größe (1).jsonl',
    `attachment; filename="Gr__e (1).jsonl"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%281%29.jsonl`,
  ],
  ['a'.repeat(300), 'a'.repeat(255), `attachment; filename="${'a'.repeat(255)}"`],
])('a file may be called %j: it is kept as %j', async (filename, kept, disposition) => {
  const { status, json: file } = await upload({ filename });
  expect([status, file.filename, file.purpose]).toEqual([200, kept, 'batch']);
  const content = await server.call(`GET /v1/files/${file.id}/content`, { as: key });
  expect([content.text, content.headers]).toEqual([
    lines,
    expect.objectContaining({
      'content-type': 'application/octet-stream',
      'content-length': String(lines.length),
      'content-disposition': disposition,
    }),
  ]);
});

test('what clients of other gateways add to a form or a list is dropped', async () => {
  const more = { custom_llm_provider: 'openai', target_model_names: 'gpt-5-mini', anything: 'else' };
  expect((await upload({ more })).status).toBe(200);
  for (const path of ['files', 'batches']) {
    const query = 'custom_llm_provider=openai&provider=openai';
    expect((await server.call(`GET /v1/${path}?${query}`, { as: key })).status).toBe(200);
  }
});

test("404 in Anthropic's shape: its Files API is not this one", async () => {
  const headers = { 'anthropic-version': '2023-06-01' };
  for (const [request, sent] of [
    ['GET /v1/files?beta=true', {}],
    ['GET /v1/files', { headers }],
    ['POST /v1/files?beta=true', { headers, body: {} }],
    ['GET /v1/files/file_1?beta=true', {}],
    ['GET /v1/files/file_1/content', { headers }],
    ['DELETE /v1/files/file_1', { headers }],
  ] as const) {
    const { status, json } = await server.call(request, { as: key, ...sent });
    expect([request, status, json.type, json.error.type]).toEqual([request, 404, 'error', 'not_found_error']);
  }
});

test('400: another purpose, and a sorting that there is not', async () => {
  expect((await upload({ purpose: 'fine-tune' })).json.error.param).toBe('purpose');
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
