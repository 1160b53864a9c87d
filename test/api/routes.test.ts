import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiOf } from '../../src/api/http/vendor-words.ts';
import type { Document, Operation } from './documented.ts';
import { adminKey, openTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
let routes: { name: string; path: string; method: string; operation: Operation }[];
const keys = { read: '', jobs: '' };
beforeAll(async () => {
  server = await openTestServer();
  const { paths } = (await server.call('GET /openapi.json')).json as Document;
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, 'nothing')}`,
      path,
      method,
      operation,
    })),
  );
  keys.read = (await server.openAccount({ scopes: ['read'] })).key;
  keys.jobs = (await server.openAccount({ scopes: ['jobs'] })).key;
});
afterAll(() => server.close());

const isPublic = ({ path }: { path: string }) => path.startsWith('/health');
const isOperators = ({ path }: { path: string }) => path.startsWith('/v1/admin');
/** An upload is refused by its form before anything else. */
const isForm = ({ name }: { name: string }) => name === 'POST /v1/files';

/** Calls each of these routes and returns the names of those that were not answered with this status. */
async function othersThan(
  status: number,
  chosen: typeof routes,
  options: Parameters<TestServer['call']>[1],
): Promise<string[]> {
  const answers = await Promise.all(
    chosen.map(async ({ name }) => `${name}: ${(await server.call(name, options)).status}`),
  );
  return answers.filter((answer) => !answer.endsWith(`: ${status}`));
}

describe('every route', () => {
  test('but health refuses whoever shows no credential, with 401', async () => {
    expect(
      await othersThan(
        401,
        routes.filter((route) => !isPublic(route)),
        {},
      ),
    ).toEqual([]);
  });

  test('of the operator refuses an account, with 403', async () => {
    expect(await othersThan(403, routes.filter(isOperators), { as: keys.jobs })).toEqual([]);
  });

  test('that changes something refuses a key that may only read, with 403', async () => {
    const counts = 'POST /v1/messages/count_tokens';
    const changing = routes.filter(({ method, name }) => method !== 'get' && name !== counts);
    expect(await othersThan(403, changing, { as: keys.read })).toEqual([]);
  });

  test("of an account refuses the operator's key, which has no account, with 403", async () => {
    const own = routes.filter(
      ({ path, method }) => method === 'get' && /^\/v1\/(jobs|files|batches|keys|balance|usage)$/.test(path),
    );
    expect(await othersThan(403, own, { as: adminKey })).toEqual([]);
  });

  test('of an object that is not there answers 404', async () => {
    const reading = routes.filter(
      (route) => route.path.includes('{') && route.method === 'get' && !isOperators(route),
    );
    expect(await othersThan(404, reading, { as: keys.jobs })).toEqual([]);
    const operators = routes.filter((route) => isOperators(route) && route.path.includes('{id}'));
    const withoutBody = operators.filter(({ operation }) => operation.requestBody === undefined);
    expect(await othersThan(404, withoutBody, { as: adminKey })).toEqual([]);
  });

  test('that takes a body refuses one that is no JSON with 400, and another type with 415', async () => {
    const taking = routes.filter((route) => route.operation.requestBody !== undefined && !isForm(route));
    const own = taking.filter((route) => !isOperators(route));
    const operators = taking.filter(isOperators);
    for (const [chosen, as] of [[own, keys.jobs] as const, [operators, adminKey] as const]) {
      expect(await othersThan(400, chosen, { as, body: '{"broken' })).toEqual([]);
      const headers = { 'content-type': 'text/csv' };
      expect(await othersThan(415, chosen, { as, body: 'a,b', headers })).toEqual([]);
    }
  });

  test('that takes a body refuses a field it does not know, with 422 or as its API does, with 400', async () => {
    const taking = routes.filter((route) => route.operation.requestBody !== undefined && !isForm(route));
    const body = { no_such_field: 1 };
    const isOurs = ({ path }: (typeof routes)[number]) => apiOf({ url: path, headers: {} }) === 'native';
    for (const [status, some] of [
      [422, taking.filter((route) => !isOperators(route) && isOurs(route))],
      [400, taking.filter((route) => !isOperators(route) && !isOurs(route))],
    ] as const) {
      expect(await othersThan(status, some, { as: keys.jobs, body })).toEqual([]);
    }
    expect(await othersThan(422, taking.filter(isOperators), { as: adminKey, body })).toEqual([]);
  });

  test('that takes a body refuses one that is too large with 413', async () => {
    const taking = routes.filter((route) => route.operation.requestBody !== undefined && !isForm(route));
    const body = JSON.stringify({ text: 'a'.repeat(100_000) });
    expect(
      await othersThan(
        413,
        taking.filter((route) => !isOperators(route)),
        { as: keys.jobs, body },
      ),
    ).toEqual([]);
  });
});
