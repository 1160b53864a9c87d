import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findFreePort } from '../../tools/stack/free-port.ts';
import { seededRandom } from '../../tools/stack/random.ts';
import { openTestServer } from '../api/test-server.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { percentile } from './prober.ts';
import { listRoutes, missingRoutes, type OpenApi, type Route } from './routes.ts';
import { type Swept, sweep } from './sweep.ts';

const seed = Number(process.env['GATEWAY_TEST_SWEEP_SEED'] ?? 14);
const requests = Number(process.env['GATEWAY_TEST_SWEEP_REQUESTS'] ?? 6000);
/** Nothing depends on it: it only ends a run that hangs. */
const endsWithinMs = 300_000 + requests * 30;

let gateway: Gateway;
let receiver: Server;
let routes: Route[];
let document: OpenApi;
let swept: Swept;

beforeAll(async () => {
  const server = await openTestServer();
  document = (await server.call('GET /openapi.json')).json as OpenApi;
  routes = listRoutes(server.app, document);
  await server.close();
  receiver = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const hookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  gateway = await startGateway({ roles: ['api'], env: { LOG_LEVEL: 'debug' } });
  const port = await findFreePort();
  await gateway.spawn('workers', { PORT: String(port) });
  const watched = [
    { name: 'api', origin: gateway.url },
    { name: 'workers', origin: `http://127.0.0.1:${port}` },
  ];
  swept = await sweep(gateway, routes, { random: seededRandom(seed), requests, hookUrl, watched });
  report(swept);
}, endsWithinMs);

afterAll(async () => {
  receiver?.close();
  await gateway?.close();
});

function report({ innocent, loads, statuses }: Swept): void {
  const ms = (share: number) => `${percentile(innocent.delaysMs, share).toFixed(1)} ms`;
  const loop = Math.max(...loads.map((load) => load.loopDelayMaxSeconds)) * 1000;
  const rss = loads.map((load) => load.rssBytes / 2 ** 20);
  const counts = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`);
  console.log(
    [
      `sweep of seed ${seed}: ${swept.requests} requests (again: npm run sweep -- --seed ${seed} --requests ${swept.requests})`,
      `answers: ${counts.join(', ')}`,
      `another tenant's balance: p50 ${ms(0.5)}, p99 ${ms(0.99)} of ${innocent.delaysMs.length} reads; event loop at most ${loop.toFixed(0)} ms late`,
      `memory: ${rss[0]?.toFixed(0)} MiB at first, ${Math.max(...rss).toFixed(0)} at most, ${rss.at(-1)?.toFixed(0)} at the end`,
    ].join('\n'),
  );
}

const found = (oracle: string) =>
  swept.violations.filter((one) => one.oracle === oracle).map(({ on, detail }) => `${on}: ${detail}`);

test('the document describes only routes that are there', () => {
  expect(missingRoutes(routes, document)).toEqual([]);
});

test('every request was sent, and every route was reached', () => {
  expect(swept.requests).toBe(requests);
  expect(swept.unreached).toEqual([]);
});

test('every body and query that is varied is a good one to begin with', () => {
  expect(swept.refusedGood).toEqual([]);
});

test('every request is answered once, by no error of ours, and tells nothing of our insides', () => {
  expect(found('answers')).toEqual([]);
});

test('every batch ends, whatever is in its lines', () => {
  expect(found('batches')).toEqual([]);
});

test('what is stored is what clients were told, and other tenants are untouched', () => {
  expect(found('rows')).toEqual([]);
});

test('the ledger is proved', () => {
  expect(found('money')).toEqual([]);
});

test('the log, also at debug, holds no prompt, no key, no error and no stack', () => {
  expect(found('log')).toEqual([]);
});

test('memory is bounded, and no request makes everybody else stand still', () => {
  expect(found('load')).toEqual([]);
});

test('another tenant is answered all the while', () => {
  expect(swept.innocent.failures).toEqual([]);
});
