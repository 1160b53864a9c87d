import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exchange } from './http-exchange.ts';

describe('the reader of answers', () => {
  let server: Server;
  let url: URL;
  const get = (path: string) =>
    exchange(url, {
      bytes: Buffer.from(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`),
      closesAfterwards: false,
    });
  beforeAll(async () => {
    server = createServer((asked, response) => {
      if (asked.url === '/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: 1\n\n');
      } else if (asked.url === '/chunks') {
        response.write('one ');
        response.end('two');
      } else
        response.socket?.end(
          'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokmore',
        );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterAll(() => void server.close());

  test('joins chunks, passes over interim answers, and shows what comes after the last', async () => {
    expect((await get('/chunks')).answers.map(({ body }) => body.toString())).toEqual(['one two']);
    const { answers, rest } = await get('/early');
    expect(answers.map(({ status, body }) => `${status} ${body}`)).toEqual(['200 ok']);
    expect(rest.toString()).toBe('more');
  });

  test('leaves a stream that does not end after its first event', async () => {
    expect((await get('/events')).answers[0]?.status).toBe(200);
  });
});
