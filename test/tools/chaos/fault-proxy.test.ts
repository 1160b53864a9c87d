import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../../tools/chaos/fault-proxy.ts';
import { waitFor } from '../../support/wait-for.ts';

let echo: Server;
let echoed: Socket[];
let proxy: FaultProxy;
beforeEach(async () => {
  echoed = [];
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    echoed.push(socket.on('error', () => undefined));
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const target = { host: '127.0.0.1', port: (echo.address() as AddressInfo).port };
  proxy = await startFaultProxy({ target, protocol: 'tcp' });
});
afterEach(async () => {
  await proxy.close();
  for (const socket of echoed) socket.destroy();
  await new Promise((closed) => echo.close(closed));
});

type Client = { socket: Socket; heard(): string; ended(): string | null; sends(text: string): Promise<void> };

/**
 * A client that remembers what it heard and how its connection ended: with `end`, or the code of an error.
 */
function open(port = proxy.port): Client {
  let heard = '';
  let ended: string | null = null;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('data', (bytes) => {
    heard += bytes.toString('latin1');
  });
  socket.on('end', () => {
    ended = 'end';
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ended = error.code ?? error.message;
  });
  return {
    socket,
    heard: () => heard,
    ended: () => ended,
    async sends(text) {
      socket.write(text);
      await waitFor(`the echo of ${text}`, () => heard.endsWith(text));
    },
  };
}

/** Longer than a byte needs on the loopback: nothing can be waited for where nothing shall happen. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 60));

it('passes bytes and ends in both directions, however many', async () => {
  const client = open();
  const sent = 'abcdefgh'.repeat(2 ** 20);
  client.socket.end(sent);
  await waitFor('the end', () => client.ended() === 'end');
  expect(client.heard().length).toBe(sent.length);
  expect(client.heard() === sent).toBe(true);
  await waitFor('the connection to be forgotten', () => proxy.connections() === 0);
});

it('resets new connections when refusing, and leaves the old ones', async () => {
  const old = open();
  await old.sends('before');
  proxy.refuse();
  const fresh = open();
  await waitFor('the reset', () => fresh.ended() === 'ECONNRESET');
  await old.sends('still here');
  expect(proxy.connections()).toBe(1);
  proxy.pass();
  await open().sends('welcome');
});

it('resets a client when the target is not there, and the target when the client resets', async () => {
  const client = open();
  await client.sends('hello');
  const error = once(echoed[0]!, 'error');
  client.socket.resetAndDestroy();
  expect((await error)[0]).toMatchObject({ code: 'ECONNRESET' });
  await waitFor('the connection to be forgotten', () => proxy.connections() === 0);
  const orphan = await startFaultProxy({ target: { host: '127.0.0.1', port: 1 }, protocol: 'tcp' });
  const lost = connect({ port: orphan.port, host: '127.0.0.1' });
  expect((await once(lost, 'error'))[0]).toMatchObject({ code: 'ECONNRESET' });
  await orphan.close();
});

it('cuts every connection on both sides, and counts them', async () => {
  const clients = [open(), open(), open()];
  for (const client of clients) await client.sends('hello');
  expect(proxy.connections()).toBe(3);
  const codes = echoed.map(
    async (socket) => ((await once(socket, 'error')) as [NodeJS.ErrnoException])[0].code,
  );
  expect(proxy.cutAll()).toBe(3);
  expect(proxy.connections()).toBe(0);
  await waitFor('the resets', () => clients.every((client) => client.ended() === 'ECONNRESET'));
  expect(await Promise.all(codes)).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNRESET']);
  await open().sends('again');
});

it('lets nothing through a black hole, and everything afterwards', async () => {
  const old = open();
  await old.sends('before');
  proxy.blackhole();
  const fresh = open();
  await once(fresh.socket, 'connect');
  old.socket.write('lost?');
  echoed[0]!.write('unasked');
  fresh.socket.write('anyone?');
  fresh.socket.end();
  await aWhile();
  expect([old.heard(), fresh.heard(), fresh.ended()]).toEqual(['before', '', null]);
  expect(echoed).toHaveLength(1);
  expect(proxy.connections()).toBe(2);
  proxy.pass();
  await waitFor(
    'what waited',
    () => old.heard() === 'beforeunaskedlost?' || old.heard() === 'beforelost?unasked',
  );
  await waitFor('the end that waited', () => fresh.heard() === 'anyone?' && fresh.ended() === 'end');
});

it('delays each byte on each way, and no longer than the fault lasts', async () => {
  const client = open();
  await client.sends('before');
  proxy.delay(60);
  const before = performance.now();
  await client.sends('there and back');
  expect(performance.now() - before).toBeGreaterThan(115);
  proxy.delay(3_600_000);
  client.socket.write('later');
  await aWhile();
  expect(client.heard().endsWith('later')).toBe(false);
  proxy.pass();
  await waitFor('what waited', () => client.heard().endsWith('later'));
});

it('throttles to bytes per second, also a connection that was fast before', async () => {
  const client = open();
  await client.sends('x'.repeat(100_000));
  proxy.throttle(20_000);
  const before = performance.now();
  await client.sends('y'.repeat(6_000));
  const tookMs = performance.now() - before;
  expect(tookMs).toBeGreaterThan(250);
  expect(tookMs).toBeLessThan(3_000);
  proxy.throttle(1);
  client.socket.write('z'.repeat(1_000));
  proxy.pass();
  await waitFor('the rest at once', () => client.heard().endsWith('z'.repeat(1_000)));
});

it('swallows answers when half open, and then resets who lost some', async () => {
  const asking = open();
  const silent = open();
  await asking.sends('before');
  await silent.sends('before');
  const arrived = once(echoed[0]!, 'data');
  proxy.halfOpen();
  asking.socket.write('one way');
  expect(String((await arrived)[0])).toBe('one way');
  await aWhile();
  expect([asking.heard(), asking.ended()]).toEqual(['before', null]);
  proxy.pass();
  await waitFor('the reset', () => asking.ended() === 'ECONNRESET');
  await silent.sends('nothing happened');
});

it('hides the end of a server when half open', async () => {
  const client = open();
  await client.sends('before');
  proxy.halfOpen();
  echoed[0]!.resetAndDestroy();
  await aWhile();
  expect(client.ended()).toBeNull();
  proxy.pass();
  await waitFor('the reset', () => client.ended() === 'ECONNRESET');
});

it('leaves no timer and no connection behind', async () => {
  const client = open();
  await client.sends('before');
  const anHourMs = 3_600_000;
  const starts = vi.spyOn(globalThis, 'setTimeout');
  const ends = vi.spyOn(globalThis, 'clearTimeout');
  const ofTheDelay = () =>
    starts.mock.results.filter((_, n) => (starts.mock.calls[n]?.[1] ?? 0) > anHourMs / 2);
  proxy.delay(anHourMs);
  client.socket.write('never');
  await waitFor('the timer of the delay', () => ofTheDelay().length > 0);
  await proxy.close();
  const ended = ends.mock.calls.map(([timer]) => timer);
  for (const { value } of ofTheDelay()) expect(ended).toContain(value);
  vi.restoreAllMocks();
  await waitFor('the reset', () => client.ended() === 'ECONNRESET');
  expect(proxy.connections()).toBe(0);
});

it('follows queries only where it knows the protocol', () => {
  expect(() => proxy.cutOnQuery({ contains: 'x', when: 'before', times: 1 })).toThrow('postgres');
});

it('silences who is there and serves who comes, until the network is well: then who was silent is reset', async () => {
  const old = open();
  await old.sends('before');
  expect(proxy.silenceOpen()).toBe(1);
  old.socket.write('lost');
  await open().sends('welcome');
  expect([old.heard(), old.ended()]).toEqual(['before', null]);
  proxy.pass();
  await waitFor('the reset', () => old.ended() === 'ECONNRESET');
});

describe('of connections to Redis', () => {
  let redis: FaultProxy;
  beforeEach(async () => {
    const target = { host: '127.0.0.1', port: (echo.address() as AddressInfo).port };
    redis = await startFaultProxy({ target, protocol: 'redis' });
  });
  afterEach(() => redis.close());
  const command = (...words: string[]) =>
    `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
  const kinds = {
    subscriber: command('subscribe', 'chaos:signals'),
    blocking: command('bzpopmin', 'chaos:{openai}:completions-openai:marker', '5'),
    queues: command('evalsha', 'abc', '1', 'chaos:{openai}:completions-openai:wait'),
    commands: command('publish', 'chaos:signals', '1'),
  };

  it.each(Object.keys(kinds) as (keyof typeof kinds)[])('silences %s and no other kind', async (silent) => {
    const clients = Object.entries(kinds).map(([kind, text]) => ({ kind, text, client: open(redis.port) }));
    for (const { client, text } of clients) {
      await client.sends(command('info'));
      await client.sends(text);
    }
    expect(redis.silence(silent, false)).toBe(1);
    for (const { kind, client } of clients) if (kind !== silent) await client.sends('again');
    const its = clients.find(({ kind }) => kind === silent)!;
    its.client.socket.write('lost');
    const fresh = open(redis.port);
    await fresh.sends(its.text);
    expect(its.client.heard()).toBe(`${command('info')}${its.text}`);
    expect(its.client.ended()).toBe(null);
  });

  it('silences those to come as soon as they show to be of the kind', async () => {
    redis.silence('blocking', true);
    const fresh = open(redis.port);
    await fresh.sends(command('info'));
    fresh.socket.write(kinds.blocking);
    await open(redis.port).sends(kinds.queues);
    expect([fresh.heard(), fresh.ended()]).toEqual([command('info'), null]);
  });
});
