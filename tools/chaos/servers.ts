import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Child } from '../stack/child.ts';
import { startPostgres } from '../stack/embedded-postgres.ts';
import { startRedis } from '../stack/embedded-redis.ts';

/** A Postgres or a Redis that can be killed and comes back on the same port with the data it had. */
export type RestartableServer = {
  url: string;
  /** Ends it by this signal and starts it again after `downMs`; resolves when it answers. */
  restart(signal: NodeJS.Signals, downMs: number): Promise<void>;
  /** Stops it as SIGSTOP does for `ms`. */
  freeze(ms: number): Promise<void>;
  /** When it last came back, in ms of the epoch. */
  cameBackAt(): number;
};

export type ServerFolder = { dir: string; onSpawn(child: Child): void };

type Started<Facts> = { facts: Facts; child: Child };

/** How long what a killed server left behind may take to end. */
const leftoversMsMax = 10_000;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * A server killed a moment ago may still have children that hold its port or its memory: it is started until
 * they are gone.
 */
async function startAgain<Facts>(start: () => Promise<Started<Facts>>): Promise<Started<Facts>> {
  const until = Date.now() + leftoversMsMax;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(100);
    }
  }
}

async function restartable<Facts>(
  start: (port: number | undefined) => Promise<Started<Facts>>,
  portOf: (facts: Facts) => number,
): Promise<{ facts: Facts; control: Omit<RestartableServer, 'url'> }> {
  let { facts, child } = await start(undefined);
  const port = portOf(facts);
  let backAt = Date.now();
  return {
    facts,
    control: {
      restart: async (signal, downMs) => {
        process.kill(child.pid, signal);
        await child.ended;
        await sleep(downMs);
        ({ facts, child } = await startAgain(() => start(port)));
        backAt = Date.now();
      },
      freeze: async (ms) => {
        process.kill(child.pid, 'SIGSTOP');
        await sleep(ms);
        process.kill(child.pid, 'SIGCONT');
        backAt = Date.now();
      },
      cameBackAt: () => backAt,
    },
  };
}

export type ChaosPostgres = RestartableServer & { ownerUrl: string; appUrl: string };

/** A Postgres with its data flushed as in production. */
export async function startChaosPostgres(folder: ServerFolder): Promise<ChaosPostgres> {
  const { facts, control } = await restartable(
    async (port) => {
      let child: Child | undefined;
      const facts = await startPostgres({
        dir: join(folder.dir, 'postgres'),
        ...(port === undefined ? {} : { port }),
        onSpawn: (spawned) => {
          child = spawned;
          folder.onSpawn(spawned);
        },
      });
      if (child === undefined) throw new Error('postgres started without a process');
      return { facts, child };
    },
    ({ ownerUrl }) => Number(new URL(ownerUrl).port),
  );
  return { ...facts, url: facts.ownerUrl, ...control };
}

/** A Redis; without persistence a restart empties it. */
export async function startChaosRedis(
  folder: ServerFolder & { cacheDir: string; persistent: boolean },
): Promise<RestartableServer & { control: Redis }> {
  const { facts, control } = await restartable(
    async (port) => {
      let child: Child | undefined;
      const facts = await startRedis({
        dir: join(folder.dir, 'redis'),
        cacheDir: folder.cacheDir,
        persistent: folder.persistent,
        ...(port === undefined ? {} : { port }),
        onSpawn: (spawned) => {
          child = spawned;
          folder.onSpawn(spawned);
        },
      });
      if (child === undefined) throw new Error('redis started without a process');
      return { facts, child };
    },
    ({ url }) => Number(new URL(url).port),
  );
  const connection = new Redis(facts.url, { maxRetriesPerRequest: null });
  connection.on('error', () => undefined);
  return { url: facts.url, ...control, control: connection };
}
