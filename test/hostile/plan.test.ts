import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../tools/stack/random.ts';
import { textWith, textWithout } from './field-paths.ts';
import { goodBodies } from './good-bodies.ts';
import type { Ground } from './good-request.ts';
import { type HostileRequest, toBytes } from './hostile-request.ts';
import { planSweep } from './plan.ts';
import { listRoutes, missingRoutes, type Route } from './routes.ts';
import { sampleOf } from './sample-from-schema.ts';
import type { Stock } from './stock.ts';

const stock: Stock = {
  tenantId: 'tenant',
  pliableId: 'pliable',
  jobId: 'job_1',
  responseId: 'resp_1',
  fileId: 'file_1',
  batchId: 'batch_1',
  messageBatchId: 'msgbatch_1',
  endpointId: 'whe_1',
  deliveryId: 'dlv_1',
  keyId: 'key_1',
  foreign: ['job_2'],
};

const route = (name: string, query: string[] = []): Route => {
  const [method = '', path = ''] = name.split(' ');
  return { name, method, path, query, body: null };
};
const ground: Ground = {
  routes: [
    route('POST /v1/files'),
    route('POST /v1/keys'),
    route('GET /v1/jobs/:id', ['wait']),
    route('GET /new/:thing'),
  ],
  stock,
  bodies: { 'POST /v1/keys': goodBodies(stock)['POST /v1/keys'] },
  queries: {},
};
const plan = (seed: number, requests: number) => planSweep(ground, seededRandom(seed), requests, 'gw_hidden');
const reported = ({ kind, target, body, raw }: HostileRequest) =>
  `${kind} ${target} ${(raw ?? body ?? Buffer.alloc(0)).toString('base64').slice(0, 2000)}`;

describe('a plan', () => {
  test('is the same for the same seed, and another for another', () => {
    const first = plan(1, 1500).map(reported);
    expect(first).toHaveLength(1500);
    expect(plan(1, 1500).map(reported)).toEqual(first);
    expect(plan(2, 1500).map(reported)).not.toEqual(first);
  });

  test('goes on from a shorter one of the same seed', () => {
    expect(plan(1, 1500).slice(0, 900).map(reported)).toEqual(plan(1, 900).map(reported));
  });

  test('begins with every route, every field, every parameter and every form', () => {
    const beginning = plan(1, 450).map(({ route: name, kind }) => `${name} ${kind}`);
    expect(beginning).toEqual(
      expect.arrayContaining([
        'GET /new/:thing plain',
        'GET /new/:thing path :thing',
        'GET /v1/jobs/:id query wait',
        'POST /v1/keys field scopes.0',
        'POST /v1/keys field expires_at',
        'POST /v1/files form, a boundary of 260',
        'POST /v1/estimates raw, CL.TE',
      ]),
    );
  });

  test('puts instants that are none where an instant stands', () => {
    const bodies = plan(1, 450).map(({ body }) => String(body));
    expect(bodies).toContainEqual(expect.stringContaining('"expires_at":"9999-12-31T23:59:59-14:00"'));
  });
});

test('a text may stand in any place of a body, also one that is no JSON', () => {
  const body = { a: [{ b: 1 }, 'c'] };
  expect(textWith(body, ['a', 0, 'b'], '1e400')).toBe('{"a":[{"b":1e400},"c"]}');
  expect(textWith(body, ['a'], '$&')).toBe('{"a":$&}');
  expect(textWithout(body, ['a', 0])).toBe('{"a":["c"]}');
});

test('a request says nothing twice, and everything that it does not say itself', () => {
  const credentials = { tenant: 'gw_t', operator: 'gw_o', leaver: 'gw_l' };
  const whole: HostileRequest = {
    kind: 'plain',
    route: 'POST /x',
    sender: 'tenant',
    method: 'POST',
    target: '/x',
    headers: [
      ['Content-Type', 'a/b'],
      ['transfer-encoding', 'x'],
    ],
    body: Buffer.from('{}'),
    version: '1.1',
  };
  expect(toBytes(whole, credentials).toString().split('\r\n')).toEqual([
    'POST /x HTTP/1.1',
    'host: gateway.test',
    'authorization: Bearer gw_t',
    'Content-Type: a/b',
    'transfer-encoding: x',
    'connection: close',
    '',
    '{}',
  ]);
});

test('routes are those the server prints, with what the document says of them', () => {
  const tree = [
    '├── /v1/jobs (GET, HEAD)',
    '│   ├── /:id (DELETE)',
    '│   └── * (GET)',
    '└── /docs (GET)',
    '    └── / (GET)',
    '        └── * (GET)',
    '',
  ];
  const document = { paths: { '/v1/jobs/{id}': { delete: {} }, '/gone': { get: {} } } };
  const routes = listRoutes({ printRoutes: () => tree.join('\n') }, document);
  expect(routes.map(({ name }) => name)).toEqual([
    'GET /v1/jobs',
    'HEAD /v1/jobs',
    'DELETE /v1/jobs/:id',
    'GET /v1/jobs/*',
    'GET /docs',
    'GET /docs/',
    'GET /docs/*',
  ]);
  expect(missingRoutes(routes, document)).toEqual(['GET /gone']);
});

test('a route nobody wrote a body for gets one by its schema', () => {
  expect(
    sampleOf({
      type: 'object',
      properties: {
        name: { type: 'string' },
        at: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
        kinds: { type: 'array', items: { enum: ['a', 'b'] } },
        most: { type: 'integer', minimum: 5 },
      },
    }),
  ).toEqual({ name: 'text', at: '2100-01-01T00:00:00Z', kinds: ['a'], most: 5 });
});
