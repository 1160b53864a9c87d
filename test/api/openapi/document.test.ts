import { fastify } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { collectRoutes, refuseUndescribed } from '../../../src/api/openapi/collect-routes.ts';
import type { Document, Operation } from '../documented.ts';
import { openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
let document: Document;
beforeAll(async () => {
  server = await openTestServer();
  document = (await server.call('GET /openapi.json')).json as Document;
});
afterAll(() => server.close());

const operations = (): [name: string, operation: Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
  ) as [string, Operation][];

test('every operation has an id of its own, a tag and a success with a schema', () => {
  const ids = operations().map(([, { operationId }]) => operationId);
  expect(ids.length).toBeGreaterThan(70);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [name, { operationId, tags, responses }] of operations()) {
    expect(operationId, name).toMatch(/^[a-z][A-Za-z]+$/);
    expect(tags, name).toHaveLength(1);
    const successes = Object.entries(responses).filter(([status]) => status.startsWith('2'));
    const schemas = successes.flatMap(([, { content = {} }]) =>
      Object.values(content).map((one) => one.schema),
    );
    expect(schemas.length, name).toBeGreaterThan(0);
    for (const schema of schemas) expect(Object.keys(schema).length, name).toBeGreaterThan(0);
  }
});

test('every refusal has the shape that the clients of its path read', () => {
  for (const [name, { responses }] of operations()) {
    for (const [status, { content }] of Object.entries(responses)) {
      if (status < '400' || name.includes('/health')) continue;
      const text = JSON.stringify(content?.['application/json']?.schema);
      expect(text, `${name} ${status}`).toContain(
        name.includes('/v1/messages') ? 'AnthropicErrorBody' : '/ErrorBody',
      );
    }
  }
});

test('no schema is empty where it demands something, and every reference leads to a schema', () => {
  const text = JSON.stringify(document);
  expect(text).not.toContain('"anyOf":[]');
  expect(text).not.toContain('$defs');
  for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    expect(document.components.schemas).toHaveProperty(name);
  }
});

test('a default of what is sent is said in words, since generators make its field required', () => {
  const { schemas } = document.components;
  const bodies = operations().map(([, { requestBody }]) => requestBody);
  const demanding = Object.entries({ ...schemas, ...bodies }).filter(([, schema]) =>
    JSON.stringify(schema ?? null).includes('"default":'),
  );
  expect(demanding.map(([name]) => name)).toEqual([]);
  expect(JSON.stringify(schemas['JobRequest'])).toContain('Default: 86400');
});

test('a form has nothing but its fields', () => {
  const { schema } = document.paths['/v1/files']?.['post']?.requestBody?.content['multipart/form-data'] ?? {};
  expect(Object.keys(schema ?? {}).sort()).toEqual(['properties', 'required', 'type']);
});

test('parameters have bounds or patterns', () => {
  const schemaOf = (path: string, name: string) =>
    document.paths[path]?.['get']?.parameters?.find((one) => one.name === name)?.schema;
  for (const [name, { parameters = [] }] of operations()) {
    for (const { name: parameter, schema } of parameters) {
      if (parameter === 'limit') expect(schema, name).toMatchObject({ type: 'integer', minimum: 1 });
    }
  }
  const wait = document.paths['/v1/jobs/{id}']?.['get']?.parameters?.find(({ name }) => name === 'wait');
  expect(wait).toMatchObject({ allowEmptyValue: true, schema: { minimum: 0, maximum: 60 } });
  expect(schemaOf('/v1/usage', 'group_by')?.['pattern']).toContain('metadata');
  expect(schemaOf('/v1/transactions', 'after')?.['pattern']).toContain('txn_');
  expect(schemaOf('/v1/keys', 'after')?.['pattern']).toBe('^[0-9a-f]{20}$');
  expect(schemaOf('/v1/admin/accounts', 'after')).toMatchObject({ minLength: 1, maxLength: 510 });
  expect(schemaOf('/v1/events', 'jobs')?.['pattern']).toContain('job_');
});

test('headers that a route reads are documented', () => {
  const headersOf = (path: string, method: string) =>
    document.paths[path]?.[method]?.parameters?.filter((one) => one.in === 'header').map(({ name }) => name);
  expect(headersOf('/v1/models', 'get')).toEqual(['anthropic-version']);
  expect(headersOf('/v1/events', 'get')).toEqual(['last-event-id']);
  expect(headersOf('/v1/jobs/{id}/events', 'get')).toEqual(['last-event-id']);
  expect(headersOf('/v1/jobs', 'post')).toEqual(['idempotency-key']);
});

test('streams are documented as what they are', () => {
  for (const path of ['/v1/jobs/{id}/events', '/v1/events']) {
    expect(Object.keys(document.paths[path]?.['get']?.responses['200']?.content ?? {})).toEqual([
      'text/event-stream',
    ]);
  }
  for (const path of ['/v1/chat/completions', '/v1/responses', '/v1/messages']) {
    expect(Object.keys(document.paths[path]?.['post']?.responses['200']?.content ?? {})).toEqual([
      'application/json',
      'text/event-stream',
    ]);
  }
});

describe('the example of a body', () => {
  test('stands on every operation that takes JSON', () => {
    const without = operations()
      .filter(([, { requestBody }]) => requestBody?.content['application/json'] !== undefined)
      .filter(([, { requestBody }]) => requestBody?.content['application/json']?.example === undefined);
    expect(without.map(([name]) => name)).toEqual([]);
  });

  test('is accepted as it stands, where nothing has to be there before', async () => {
    const { key } = await server.openAccount({ usd: '10' });
    const needs = /\{|batches$|batches\/estimate|\/admin\/|\/v1\/(chat|responses|messages)/;
    for (const [name, { requestBody }] of operations()) {
      const content = requestBody?.content['application/json'];
      if (content === undefined || needs.test(name)) continue;
      const [method = '', path = ''] = name.split(' ');
      const body = JSON.parse(
        JSON.stringify(content.example).replace('anthropic/claude-haiku-4-5', 'openai/gpt-5-nano'),
      ) as unknown;
      const { status, text } = await server.call(`${method.toUpperCase()} ${path}`, { as: key, body });
      expect(status, `${name}: ${text}`).toBeLessThan(300);
    }
  });
});

describe('a route', () => {
  const added = (schema: object | undefined) => {
    const app = fastify();
    const routes = collectRoutes(app);
    app.setSerializerCompiler(() => (data) => JSON.stringify(data));
    app.get('/bare', { ...(schema === undefined ? {} : { schema }) }, async () => 'ok');
    return routes;
  };
  const whole = { operationId: 'readIt', tags: ['jobs'], response: { 200: z.string() } };

  test('that does not describe its answer stops the start', () => {
    expect(() => refuseUndescribed(added(undefined))).toThrow(/GET \/bare/);
    for (const name of ['operationId', 'tags', 'response'] as const) {
      expect(() => refuseUndescribed(added({ ...whole, [name]: undefined }))).toThrow(/GET \/bare/);
    }
  });

  test('that is described or hidden does not', () => {
    refuseUndescribed(added(whole));
    refuseUndescribed(added({ hide: true }));
  });

  test('with the operation id of another stops the start', () => {
    expect(() => refuseUndescribed([...added(whole), ...added(whole)])).toThrow(/operationId/);
  });
});
