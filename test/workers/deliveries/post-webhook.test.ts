import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createGuardedAgent } from '../../../src/workers/deliveries/guarded-agent.ts';
import { postWebhook, readRetryAfter } from '../../../src/workers/deliveries/post-webhook.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function receiver(listener: RequestListener): Promise<{ port: number; hits: () => number }> {
  let hits = 0;
  const server = createServer((request, response) => {
    hits += 1;
    request.resume();
    listener(request, response);
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { port: (server.address() as AddressInfo).port, hits: () => hits };
}

const open = () => createGuardedAgent({ allowPrivate: true });
const post = (url: string, agent = open()) => postWebhook(agent, { url, headers: {}, body: '{}' });

describe('a post', () => {
  test('to an inside address never connects, whatever the spelling', async () => {
    const canary = await receiver((_request, response) => response.end());
    const agent = createGuardedAgent({ allowPrivate: false });
    for (const host of ['127.0.0.1', '2130706433', '127.1', '[::ffff:127.0.0.1]', 'localhost', '0']) {
      const posted = await post(`http://${host}:${canary.port}/`, agent);
      expect([host, posted.blocked, posted.error?.startsWith('ssrf_blocked')]).toEqual([host, true, true]);
    }
    expect(canary.hits()).toBe(0);
  });

  test('does not follow a redirect', async () => {
    const inside = await receiver((_request, response) => response.end());
    const outside = await receiver((_request, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${inside.port}/` }).end();
    });
    expect((await post(`http://127.0.0.1:${outside.port}/`)).statusCode).toBe(307);
    expect(inside.hits()).toBe(0);
  });

  test('reads no more than it must of an endless answer', async () => {
    const endless = await receiver((_request, response) => {
      const more = () => {
        while (response.write('x'.repeat(16_384)));
      };
      response.on('drain', more);
      more();
    });
    const posted = await post(`http://127.0.0.1:${endless.port}/`);
    expect(posted.statusCode).toBe(200);
  });

  test('to nobody is a failure with its code', async () => {
    expect((await post('http://127.0.0.1:9/')).error).toMatch(/ECONNREFUSED/);
  });
});

test.each([
  ['5', 5000],
  [' 7 ', 7000],
  [new Date(60_000).toUTCString(), 60_000],
  ['soon', null],
  [undefined, null],
])('Retry-After %j is %j ms', (header, expected) => {
  expect(readRetryAfter(header, 0)).toBe(expected);
});
