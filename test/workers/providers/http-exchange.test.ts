import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Delta } from '../../../src/shared/chat/chat.ts';
import { CallStopped, StopController } from '../../../src/workers/providers/call-stop.ts';
import type { Provider, ProviderCall, ProviderSettings } from '../../../src/workers/providers/provider.ts';
import { chunks, completion } from './reply-with.ts';
import { completed, connect, failed, textOf } from './setup.ts';

type Answerer = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/** Runs `use` with a provider whose server answers like this. */
async function withServer(
  answer: Answerer,
  use: (provider: Provider) => Promise<void>,
  limits: Partial<ProviderSettings> = {},
) {
  const server = createServer((incoming, outgoing) => {
    incoming.resume().once('end', () => answer(incoming, outgoing));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = connect('compatible', url, limits);
  try {
    await use(provider);
  } finally {
    await provider.close();
    server.close();
    server.closeAllConnections();
  }
}

const callOf = (more: Partial<ProviderCall> = {}): ProviderCall => ({
  attemptId: 'att_1',
  model: 'm',
  request: { model: 'p/m', messages: [{ role: 'user', content: 'hi' }] },
  maxOutputTokens: 100,
  stream: false,
  reasons: false,
  signal: new StopController(),
  onDelta: () => undefined,
  ...more,
});

const events = { 'content-type': 'text/event-stream' };
const json = { 'content-type': 'application/json' };
const whole = completion({ content: 'żółw' }).body;
const streamed = chunks([{ content: 'żó' }, { content: 'łw' }]).body;
const closing = 'data: [DONE]\n\n';

const packings: [coding: string, pack: (text: string | Buffer) => Buffer][] = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['GZIP, br', (text) => brotliCompressSync(gzipSync(text))],
  ['gzip', (text) => gzipSync(text).subarray(0, -8)],
];

test.each(packings)('an answer that comes packed with %s all the same is read', async (coding, pack) => {
  for (const stream of [false, true]) {
    const answer: Answerer = (_incoming, outgoing) => {
      outgoing.writeHead(200, { ...(stream ? events : json), 'content-encoding': coding });
      for (const byte of pack(stream ? streamed : whole)) outgoing.write(Buffer.of(byte));
      outgoing.end();
    };
    await withServer(answer, async (provider) => {
      expect(textOf(await provider.call(callOf({ stream })))).toBe('żółw');
    });
  }
});

test('the reason in an error that comes packed is read', async () => {
  const answer: Answerer = (_incoming, outgoing) => {
    outgoing.writeHead(429, { ...json, 'content-encoding': 'gzip', 'retry-after': '2' });
    outgoing.end(gzipSync('{"error":{"message":"slow down"}}'));
  };
  await withServer(answer, async (provider) => {
    const { failure } = failed(await provider.call(callOf()));
    expect(failure).toMatchObject({ reason: 'throttled', message: 'slow down', retryAfterMs: 2000 });
  });
});

test.each<[what: string, coding: string, body: Buffer]>([
  ['in no way that is known', 'zip', Buffer.from(whole)],
  ['in another way than it claims', 'gzip', Buffer.from(whole)],
  ['in too many ways', 'gzip,gzip,gzip,gzip,gzip,gzip', Buffer.from(whole)],
])('an answer that is packed %s is no answer', async (_what, coding, body) => {
  const answer: Answerer = (_incoming, outgoing) => {
    outgoing.writeHead(200, { ...json, 'content-encoding': coding }).end(body);
  };
  await withServer(answer, async (provider) => {
    expect(failed(await provider.call(callOf())).failure).toMatchObject({ reason: 'cut', status: 200 });
  });
});

test.each([false, true])(
  'a small packed body does not become a large one here, stream %s',
  async (stream) => {
    const bomb = gzipSync(Buffer.alloc(64_000_000, 'x'));
    const answer: Answerer = (_incoming, outgoing) => {
      outgoing.writeHead(200, { ...(stream ? events : json), 'content-encoding': 'gzip' }).end(bomb);
    };
    await withServer(answer, async (provider) => {
      expect(await provider.call(callOf({ stream }))).toMatchObject({ kind: 'stopped', reason: 'limit' });
    });
  },
);

test('a redirect is not followed, since it would carry our key elsewhere', async () => {
  let asked = 0;
  const answer: Answerer = (_incoming, outgoing) => {
    asked += 1;
    outgoing.writeHead(307, { location: '/v1/elsewhere' }).end();
  };
  await withServer(answer, async (provider) => {
    expect(failed(await provider.call(callOf())).failure).toMatchObject({ reason: 'failed', status: 307 });
  });
  expect(asked).toBe(1);
});

test('a stream is whole with its closing frame, and its socket serves again once it has ended', async () => {
  const ports = new Set<unknown>();
  const held: ServerResponse[] = [];
  const answer: Answerer = ({ socket }, outgoing) => {
    ports.add(socket.remotePort);
    outgoing.writeHead(200, events).write(streamed);
    held.push(outgoing);
  };
  await withServer(answer, async (provider) => {
    let calls = 0;
    // The end of a stream arrives at some time after its call.
    for (; calls < 100 && ports.size === calls; calls += 1) {
      expect(textOf(await provider.call(callOf({ stream: true })))).toBe('żółw');
      held.at(-1)?.end();
    }
    expect(ports.size).toBeLessThan(calls);
  });
});

test('a stream that does not end behind its closing frame loses its socket', async () => {
  let closed: Promise<unknown> | undefined;
  const answer: Answerer = ({ socket }, outgoing) => {
    closed = once(socket, 'close');
    outgoing.writeHead(200, events).write(streamed);
  };
  await withServer(answer, async (provider) => {
    completed(await provider.call(callOf({ stream: true })));
    await closed;
  });
});

test('nothing is given on once a call was stopped, not even of the same piece, and its socket is closed', async () => {
  let closed: Promise<unknown> | undefined;
  const answer: Answerer = ({ socket }, outgoing) => {
    closed = once(socket, 'close');
    outgoing.writeHead(200, events).write(streamed.replace(closing, ''));
  };
  await withServer(answer, async (provider) => {
    const signal = new StopController();
    const deltas: Delta[] = [];
    const onDelta = (delta: Delta) => {
      deltas.push(delta);
      signal.abort(new CallStopped('cancelled'));
    };
    const stopped = await provider.call(callOf({ stream: true, signal, onDelta }));
    expect(stopped).toMatchObject({ kind: 'stopped', reason: 'cancelled', produced: { text: 'żó' } });
    await closed;
    expect(deltas).toHaveLength(1);
  });
});

test('a call that is stopped before there is a connection was never sent', async () => {
  const sockets: Socket[] = [];
  const proxy = createTcpServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const https = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const provider = connect('compatible', 'https://provider.example', {
    proxy: { http: null, https, except: '' },
  });
  const signal = new StopController();
  const calling = provider.call(callOf({ signal }));
  const [socket] = (await once(proxy, 'connection')) as [Socket];
  const [head] = (await once(socket, 'data')) as [Buffer];
  signal.abort(new CallStopped('expired'));
  expect(await calling).toMatchObject({ kind: 'stopped', reason: 'expired' });
  expect(head.toString()).toMatch(/^CONNECT provider\.example:443 /);
  await provider.close();
  for (const open of sockets) open.destroy();
  proxy.close();
});

test('a call after its socket was closed by the server opens another', async () => {
  const answer: Answerer = ({ socket }, outgoing) => {
    outgoing.writeHead(200, json).end(whole, () => socket.destroy());
  };
  await withServer(answer, async (provider) => {
    for (let calls = 0; calls < 3; calls += 1) {
      const called = await provider.call(callOf());
      // A socket that closes while a request is written on it may have executed it: it is not asked again.
      if (called.kind === 'failed') expect(called.failure.reason).toBe('cut');
      else expect(textOf(called)).toBe('żółw');
    }
  });
});

test.each(['', 'text/event-stream', 'text/plain'])(
  'a stream of %j without a body is no answer',
  async (type) => {
    const answer: Answerer = (_incoming, outgoing) => {
      outgoing.writeHead(type === '' ? 204 : 200, type === '' ? {} : { 'content-type': type }).end();
    };
    await withServer(answer, async (provider) => {
      expect(failed(await provider.call(callOf({ stream: true }))).failure.reason).toBe('cut');
    });
  },
);

test('an event that is an error by its name is one, whatever is in it', async () => {
  for (const data of [
    '"it broke"',
    'it broke',
    '{"message":"it broke"}',
    '{"error":{"message":"it broke"}}',
  ]) {
    const answer: Answerer = (_incoming, outgoing) => {
      outgoing.writeHead(200, events).end(`event: error\ndata: ${data}\n\n`);
    };
    await withServer(answer, async (provider) => {
      const { failure } = failed(await provider.call(callOf({ stream: true })));
      expect(failure).toMatchObject({ reason: 'failed', status: 200, message: 'it broke' });
    });
  }
});
