import type { Random } from '../../../tools/stack/random.ts';
import { type Ground, type Kind, requestTo } from '../good-request.ts';
import type { HostileRequest, Sender } from '../hostile-request.ts';
import type { Route } from '../routes.ts';

type Headers = { headers: [string, string][]; sender?: Sender };

const one = (name: string, value: string, sender?: Sender): Headers => ({
  headers: [[name, value]],
  ...(sender === undefined ? {} : { sender }),
});

/** What a header may say that nobody means. Bytes above 0x7f go out as Latin-1. */
const hostile: Headers[] = [
  ...[
    '',
    'Bearer',
    'Bearer ',
    'Basic Og==',
    'Basic !!!!',
    'Bearer \u00ff\u00fe',
    'Digest x',
    `Bearer ${'a'.repeat(9000)}`,
  ].map((value) => one('authorization', value, 'nobody')),
  ...[
    'gw_',
    'gw_x_y',
    `gw_${'0'.repeat(16)}_${'A'.repeat(43)}`,
    'eyJhbGciOiJub25lIn0.e30.',
    'a.b.c',
    '....',
    "' or 1=1 --",
  ].map((value) => one('authorization', `Bearer ${value}`, 'nobody')),
  one('x-api-key', '', 'nobody'),
  one('x-api-key', 'gw_x_y', 'nobody'),
  { headers: [], sender: 'nobody' },
  {
    headers: [
      ['authorization', 'Bearer gw_x_y'],
      ['authorization', 'Bearer gw_x_z'],
    ],
    sender: 'nobody',
  },
  ...[
    '',
    ' ',
    'a'.repeat(256),
    'a'.repeat(4000),
    'ключ',
    '\u00e9',
    '\t',
    '"quoted"',
    "'; drop table jobs; --",
  ].map((value) => one('idempotency-key', value)),
  {
    headers: [
      ['idempotency-key', 'one'],
      ['idempotency-key', 'two'],
    ],
  },
  ...['-1', '1', 'NaN', '1e400', '9'.repeat(400)].map((value) => one('x-stainless-retry-count', value)),
  ...['-1', 'NaN', '1.5', '9'.repeat(400), '1.1.1', '\u00ff', ''].map((value) => one('last-event-id', value)),
  ...['text/html', 'text/event-stream', '*/*;q=NaN', 'x'.repeat(5000), ''].map((value) =>
    one('accept', value),
  ),
  ...['gzip', 'br;q=0', 'identity;q=0, *;q=0'].map((value) => one('accept-encoding', value)),
  ...['', 'evil.example', 'evil.example:99999', '[::1', 'a@b', '127.0.0.1:1/path', 'x'.repeat(3000)].map(
    (value) => one('host', value),
  ),
  ...['http://evil.example', 'null', 'https://', '*'].map((value) => one('origin', value)),
  ...['127.0.0.1', '::1, x', 'a'.repeat(3000), '169.254.169.254'].map((value) =>
    one('x-forwarded-for', value),
  ),
  ...['evil.example', 'x\ty'].map((value) => one('x-forwarded-host', value)),
  ...['00-0-0-0', `00-${'f'.repeat(32)}-${'f'.repeat(16)}-ff`].map((value) => one('traceparent', value)),
  ...['bytes=0-0', 'bytes=-1', 'bytes=9-1', `bytes=${'0-0,'.repeat(500)}`].map((value) =>
    one('range', value),
  ),
  ...['*', 'W/"x"'].map((value) => one('if-none-match', value)),
  ...['0', 'Thu, 01 Jan 1970 00:00:00 GMT'].map((value) => one('if-modified-since', value)),
  ...['2023-06-01', '1', '\u00ff'].map((value) => one('anthropic-version', value)),
  one('cookie', `session=${'x'.repeat(4000)}`),
  one('upgrade', 'websocket'),
  {
    headers: [
      ['connection', 'upgrade, close'],
      ['upgrade', 'h2c'],
      ['http2-settings', 'AAMAAABkAAQAAP__'],
    ],
  },
  { headers: [['connection', 'close, authorization, content-length']] },
  one('x-http-method-override', 'DELETE'),
  one('x-original-url', '/v1/admin/accounts'),
  one('te', 'trailers, deflate;q=0.5'),
  one('max-forwards', '0'),
  one('x-request-id', 'mine'),
  one('content-length', '0'),
  one('x-long', 'x'.repeat(20_000)),
  { headers: Array.from({ length: 1500 }, (_, index): [string, string] => [`x-${index}`, 'y']) },
];

export const headers: Kind = {
  name: 'header',
  all: (ground, random) =>
    hostile.flatMap((report) =>
      random
        .shuffle(ground.routes)
        .slice(0, 4)
        .map((route) => withHeaders(ground, route, report)),
    ),
  draw: (ground, random) => {
    const [first, second] = [random.pick(hostile), random.pick(hostile)];
    const both = random.chance(0.3) ? { ...first, headers: [...first.headers, ...second.headers] } : first;
    return withHeaders(ground, drawRoute(ground, random), both);
  },
};

function withHeaders(ground: Ground, route: Route, report: Headers): HostileRequest {
  const name = report.headers[0]?.[0] ?? 'none';
  return requestTo(ground, route, `header: ${name}`, report);
}

function drawRoute(ground: Ground, random: Random): Route {
  const posts = ground.routes.filter((route) => route.method === 'POST');
  return random.pick(random.chance(0.5) ? posts : ground.routes);
}
