import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../../../src/shared/platform/log.ts';
import { createOutageLog } from '../../../../src/shared/platform/outage-log.ts';
import {
  openRedis,
  type RedisConnection,
  type RedisLimits,
} from '../../../../src/shared/platform/redis/redis.ts';
import { openSubscriber, type Subscriber } from '../../../../src/shared/platform/redis/subscriber.ts';
import type { Child } from '../../../../tools/stack/child.ts';
import { startRedisCluster } from '../../../../tools/stack/redis-cluster.ts';
import { testRedis } from '../../../support/redis.ts';
import { type Relay, startRelay } from '../../../support/relay.ts';
import { waitFor } from '../../../support/wait-for.ts';

const limits: RedisLimits = { commandMs: 200, silenceMs: 300, connectMs: 300 };
const { url, prefix } = testRedis();

let relay: Relay;
let opened: RedisConnection[];
beforeEach(async () => {
  relay = await startRelay(url);
  opened = [];
});
afterEach(async () => {
  for (const connection of opened) connection.disconnect();
  await relay.close();
});

async function open(purpose: 'commands' | 'blocking', through = relay): Promise<RedisConnection> {
  const settings = { url: through.url, clusterNodes: null, prefix };
  const connection = openRedis(settings, purpose, () => undefined, limits);
  opened.push(connection);
  await waitFor('redis', () => connection.status === 'ready');
  return connection;
}

const answers = (redis: RedisConnection) => async () =>
  (await redis.ping().catch(() => null)) === 'PONG' || null;

describe('a connection whose packets are swallowed', () => {
  it('fails a command in time, and is replaced', async () => {
    const redis = await open('commands');
    expect(relay.silenceOpen()).toBe(1);
    await expect(redis.ping()).rejects.toThrow();
    await waitFor('an answer', answers(redis));
  });

  it('is replaced under who waits for Redis, who gets the answer', async () => {
    const redis = await open('blocking');
    relay.silenceOpen();
    expect(await redis.ping()).toBe('PONG');
  });

  it('is replaced under a blocking read, which goes on', async () => {
    const redis = await open('blocking');
    const key = `${prefix}:list`;
    const read = redis.blpop(key, 0.2);
    relay.silenceOpen();
    await read;
    await (await open('commands', await startRelay(url))).rpush(key, 'x');
    expect(await redis.blpop(key, 0.2)).toEqual([key, 'x']);
  });
});

it('while a whole network is silent commands fail in time, and are answered when it is over', async () => {
  const [redis, patient] = [await open('commands'), await open('blocking')];
  relay.blackhole();
  await expect(redis.ping()).rejects.toThrow();
  const answer = patient.ping();
  await expect(redis.ping()).rejects.toThrow();
  relay.pass();
  expect(await answer).toBe('PONG');
  await waitFor('an answer', answers(redis));
});

describe('a subscriber', () => {
  const quick = { echoMs: 50, restMs: 50, silenceMs: 250 };
  let subscribers: Subscriber[] = [];
  afterEach(() => {
    for (const subscriber of subscribers) subscriber.close();
    subscribers = [];
  });

  function listen(redis: RedisConnection, connection: RedisConnection, limits = quick) {
    const subscriber = openSubscriber({ redis, connection, prefix }, limits);
    subscribers.push(subscriber);
    const heard: string[] = [];
    subscriber.onMessage((channel, message) => {
      if (channel === `${prefix}:signals`) heard.push(message);
    });
    return { subscriber, heard };
  }

  it('whose connection falls silent hears again what is published', async () => {
    const publisher = await open('commands', await startRelay(url));
    const { subscriber, heard } = listen(publisher, await open('blocking'));
    expect(await subscriber.subscribe(`${prefix}:signals`)).toBe(true);
    relay.silenceOpen();
    await waitFor('the signal', async () => {
      await publisher.publish(`${prefix}:signals`, 'again');
      return heard.includes('again');
    });
  });

  it('to whom nothing comes asks rarely, and finds silence all the same', async () => {
    const publisher = await open('commands', await startRelay(url));
    const connection = await open('blocking');
    const publish = vi.spyOn(publisher, 'publish');
    const replaced = vi.spyOn(connection, 'disconnect');
    listen(publisher, connection, { echoMs: 10, restMs: 100, silenceMs: 250 });
    await waitFor('more messages than come soon', () => publish.mock.calls.length >= 25);
    publish.mockClear();
    const from = performance.now();
    await waitFor('three more', () => publish.mock.calls.length >= 3);
    expect(performance.now() - from).toBeGreaterThan(100);
    expect(replaced).not.toHaveBeenCalled();
    relay.silenceOpen();
    await waitFor('its replacement', () => replaced.mock.calls.length > 0);
  });

  it('that could not be subscribed is subscribed as soon as it can be', async () => {
    const [publisher, connection] = [await open('commands'), await open('blocking')];
    const subscribe = connection.subscribe.bind(connection);
    connection.subscribe = () => Promise.reject(new Error('no'));
    const { subscriber, heard } = listen(publisher, connection);
    expect(await subscriber.subscribe(`${prefix}:signals`)).toBe(false);
    connection.subscribe = subscribe;
    await waitFor('the signal', async () => {
      await publisher.publish(`${prefix}:signals`, 'at last');
      return heard.includes('at last');
    });
  });
});

it('an outage is told once at warn, and its end once at info', async () => {
  const lines: string[] = [];
  const log = createLog('silent', 'test');
  vi.spyOn(log, 'warn').mockImplementation((_facts, text?: unknown) => lines.push(`warn ${text}`));
  vi.spyOn(log, 'info').mockImplementation((_facts, text?: unknown) => lines.push(`info ${text}`));
  const outages = createOutageLog(log, 'redis');
  for (const source of ['one', 'other', 'one']) outages.failed(source, new Error('gone'));
  outages.recovered('one');
  expect(lines).toEqual(['warn redis does not answer']);
  outages.recovered('other');
  outages.recovered('other');
  expect(lines).toEqual(['warn redis does not answer', 'info redis answers again']);
});

describe('a cluster whose connections fall silent', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-cluster-'));
  const children: Child[] = [];
  let relays: Relay[];
  let clusterNodes: string[];
  beforeAll(async () => {
    const { nodes } = await startRedisCluster({
      dir,
      cacheDir: '.cache',
      onSpawn: (child) => children.push(child),
    });
    relays = await Promise.all(nodes.map((node) => startRelay(`redis://${node}`)));
    for (const [index, node] of nodes.entries()) {
      const control = new Redis(`redis://${node}`);
      await control.config('SET', 'cluster-announce-port', String(relays[index]?.port));
      control.disconnect();
    }
    // The nodes hear of each other's ports by gossip; until then a client would be led past the relays.
    for (const node of nodes) {
      const control = new Redis(`redis://${node}`);
      await waitFor('every node to be known by its relay', async () => {
        const slots = await control.cluster('SLOTS');
        const ports = new Set(slots.flatMap(([, , ...servers]) => servers.map(([, port]) => port)));
        return [...ports].every((port) => relays.some((relay) => relay.port === port));
      });
      control.disconnect();
    }
    clusterNodes = relays.map(({ port }) => `127.0.0.1:${port}`);
  }, 60_000);
  afterAll(async () => {
    for (const one of relays) await one.close();
    for (const child of children) await child.stop(1000);
    rmSync(dir, { recursive: true, force: true });
  });

  const openCluster = async (purpose: 'commands' | 'blocking') => {
    const cluster = openRedis({ url: null, clusterNodes, prefix }, purpose, () => undefined, limits);
    opened.push(cluster);
    await waitFor('the cluster', () => cluster.status === 'ready');
    for (const key of keys) await cluster.set(key, '1');
    return cluster;
  };
  /** On three nodes or so. */
  const keys = Array.from({ length: 12 }, (_, n) => `${prefix}:{${n}}`);
  const silence = () => {
    for (const one of relays) one.silenceOpen();
  };

  it('answers again within moments, every node of it', async () => {
    const cluster = await openCluster('commands');
    silence();
    // In time: refused, or made again on a new connection.
    await cluster.get(keys[0] ?? '').catch(() => undefined);
    await waitFor('all keys', async () => {
      const got = await Promise.allSettled(keys.map((key) => cluster.get(key)));
      return got.every((one) => one.status === 'fulfilled' && one.value === '1');
    });
  });

  it('answers those who wait for it', async () => {
    const cluster = await openCluster('blocking');
    silence();
    expect(await Promise.all(keys.map((key) => cluster.get(key)))).toEqual(keys.map(() => '1'));
  });

  it('fails commands in time while none of its nodes answers', async () => {
    const cluster = await openCluster('commands');
    for (const one of relays) one.blackhole();
    for (const key of keys) await expect(cluster.get(key)).rejects.toThrow();
    for (const one of relays) one.pass();
    await waitFor('all keys', async () => {
      const got = await Promise.allSettled(keys.map((key) => cluster.get(key)));
      return got.every((one) => one.status === 'fulfilled');
    });
  });

  it('tells its subscribers again what is published', async () => {
    const [publisher, connection] = [await openCluster('commands'), await openCluster('blocking')];
    const subscriber = openSubscriber(
      { redis: publisher, connection, prefix },
      { echoMs: 50, restMs: 50, silenceMs: 450 },
    );
    const heard: string[] = [];
    subscriber.onMessage((channel, message) => {
      if (channel === `${prefix}:signals`) heard.push(message);
    });
    expect(await subscriber.subscribe(`${prefix}:signals`)).toBe(true);
    silence();
    await waitFor('the signal', async () => {
      await publisher.publish(`${prefix}:signals`, 'again').catch(() => undefined);
      return heard.includes('again');
    });
    subscriber.close();
  });
});
