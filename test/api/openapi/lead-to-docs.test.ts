import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const html = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

test('a browser that opens the bare address is led to the documentation', async () => {
  for (const url of ['/', '/?from=mail']) {
    const { status, headers } = await server.call(`GET ${url}`, { headers: html });
    expect(status).toBe(302);
    expect(headers['location']).toMatch(/\/docs\/$/);
  }
});

test('everybody else finds nothing there, as before', async () => {
  expect((await server.call('GET /')).json).toMatchObject({ code: 404, error_type: 'not_found' });
  expect((await server.call('GET /', { headers: { accept: 'application/json' } })).status).toBe(404);
  expect((await server.call('POST /', { headers: html })).status).toBe(404);
  expect((await server.call('GET /nothing', { headers: html })).status).toBe(404);
});

test("the pages are this project's own and explore no other address", async () => {
  const page = await server.call('GET /docs/');
  expect(page.text).toContain('<title>LLM job gateway');
  expect(page.text).not.toContain('favicon-32x32.png');
  const script = (await server.call('GET /docs/static/swagger-initializer.js')).text;
  expect(script).toMatch(/"layout":\s*"BaseLayout"|layout.{0,4}BaseLayout/);
  expect((await server.call('GET /docs/json')).json.info.title).toBe('LLM job gateway');
});
