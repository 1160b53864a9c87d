import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConnections } from '../../../../src/shared/webhooks/connections.ts';
import { postWebhook } from '../../../../src/shared/webhooks/post-webhook.ts';
import type { ProviderCall } from '../../../../src/workers/providers/provider.ts';
import { connect, textOf } from '../../../workers/providers/setup.ts';

let server: Server;
let connections: number;
/** What the server writes once it has a whole request, packet by packet. */
let packets: string[];
/** What it writes before it has one. */
let greeting: string;

beforeEach(async () => {
  connections = 0;
  greeting = '';
  server = createServer((socket) => {
    connections += 1;
    if (greeting !== '') socket.write(greeting);
    let heard = '';
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        heard += bytes.toString('latin1');
        const length = /content-length: (\d+)/i.exec(heard)?.[1];
        const body = heard.indexOf('\r\n\r\n') + 4;
        if (length === undefined || heard.length < body + Number(length)) return;
        heard = '';
        void writeApart(socket, packets);
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => new Promise((closed) => server.close(closed)));

async function writeApart(socket: Socket, parts: string[]): Promise<void> {
  for (const part of parts) {
    socket.write(part);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const whole = (body: string, type = 'application/json') =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const completion = (text: string) =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  });
const sent: ProviderCall = {
  attemptId: 'att',
  model: 'm',
  request: { model: 'compatible/m', messages: [{ role: 'user', content: 'hi' }] },
  maxOutputTokens: 10,
  reasons: false,
  stream: false,
  signal: new AbortController().signal,
  onDelta: () => undefined,
};
const go = 'HTTP/1.1 100 Continue\r\n\r\n';
const early = 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n';
const processing = 'HTTP/1.1 102 Processing\r\n\r\n';

/** How an answer may come over the wire. */
const ways: [string, (answer: string) => string[]][] = [
  ['at once, without any', (answer) => [answer]],
  ['after 100 Continue', (answer) => [go, answer]],
  ['after 100 Continue, in one packet', (answer) => [go + answer]],
  [
    'after 100 Continue in pieces',
    (answer) => ['HTT', 'P/1.1 1', '00 Conti', 'nue\r\n\r', `\n${answer.slice(0, 9)}`, answer.slice(9)],
  ],
  ['after several', (answer) => [go + processing, processing, early + answer.slice(0, 20), answer.slice(20)]],
  ['byte by byte', (answer) => [...`${go}${answer.slice(0, 40)}`, answer.slice(40)]],
];

describe('an answer that comes', () => {
  it.each(ways)('%s is a provider’s answer', async (_, split) => {
    packets = split(whole(completion('hello')));
    const provider = connect('compatible', url());
    const call = () => provider.call(sent);
    for (let times = 0; times < 3; times += 1) expect(textOf(await call())).toBe('hello');
    // Some of the three calls went over a connection that had been used.
    expect(connections).toBeLessThan(3);
    await provider.close();
  });

  it.each(ways)('%s is a receiver’s answer', async (_, split) => {
    packets = split(whole('thanks', 'text/plain'));
    const open = createConnections({
      policy: { allowPrivate: true },
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    const { signal } = new AbortController();
    const post = () =>
      postWebhook(
        { connections: open, now: Date.now },
        { url: url(), headers: {}, body: Buffer.from('{}'), signal },
      );
    for (let times = 0; times < 3; times += 1)
      expect(await post()).toMatchObject({ outcome: 'delivered', statusCode: 200, error: null });
    expect(connections).toBe(1);
    await open.close();
  });
});

it('a server that says 100 Continue before it was asked anything is understood', async () => {
  greeting = go;
  packets = [go, whole(completion('late'))];
  const provider = connect('compatible', url());
  const answer = await provider.call(sent);
  expect(textOf(answer)).toBe('late');
  await provider.close();
});

it('what looks like one inside an answer is left in it', async () => {
  const answer = whole(completion(`${go.trim()} and more`));
  const cut = answer.indexOf('HTTP/1.1 100');
  packets = [go, answer.slice(0, cut), answer.slice(cut)];
  const provider = connect('compatible', url());
  const received = await provider.call(sent);
  expect(textOf(received)).toBe('HTTP/1.1 100 Continue and more');
  await provider.close();
});
