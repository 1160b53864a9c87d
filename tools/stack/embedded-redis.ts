import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Child, startChild } from './child.ts';
import { findRedis, type RedisBinary } from './find-redis.ts';
import { findFreePort } from './free-port.ts';

const run = promisify(execFile);

export type RedisServer = { url: string };

/**
 * Starts a Redis on a free port of the loopback, with its data under `dir`. It never evicts: a queue that
 * forgets is no queue. With `persistent` every write is in the append-only file within a second.
 */
export async function startRedis(options: {
  dir: string;
  cacheDir: string;
  persistent: boolean;
  /**
   * Called with the server as soon as it has a pid, so that it can be stopped while it starts.
   */
  onSpawn(child: Child): void;
  /** A port to keep over restarts; a free one when it is not given. */
  port?: number;
  /** Makes it a node of a cluster, which speaks with the others on this port. */
  clusterBusPort?: number;
  /** Ends a download that is under way. */
  signal?: AbortSignal;
}): Promise<RedisServer> {
  const dir = resolve(options.dir);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const found = await findRedis(options.cacheDir, process.env['PATH'] ?? '', options.signal);
  const port = options.port ?? (await findFreePort());
  const child =
    found.kind === 'docker' ? await startInDocker(port, dir) : startBinary(found, port, dir, options);
  options.onSpawn(child);
  await waitUntilReady(port, child, dir);
  return { url: `redis://127.0.0.1:${port}` };
}

function serverArguments(port: number, persistent: boolean): string[] {
  const persistence = persistent
    ? ['--appendonly', 'yes', '--appendfsync', 'everysec']
    : ['--appendonly', 'no'];
  return [
    '--port',
    String(port),
    '--save',
    '',
    ...persistence,
    '--maxmemory-policy',
    'noeviction',
    '--loglevel',
    'warning',
  ];
}

function startBinary(
  found: Extract<RedisBinary, { kind: 'binary' }>,
  port: number,
  dir: string,
  options: { persistent: boolean; clusterBusPort?: number },
): Child {
  const args = [...serverArguments(port, options.persistent), '--bind', '127.0.0.1', '--dir', dir];
  if (options.clusterBusPort !== undefined) {
    args.push('--cluster-enabled', 'yes', '--cluster-port', String(options.clusterBusPort));
  }
  const libraries = found.libraryPath === null ? {} : { LD_LIBRARY_PATH: found.libraryPath };
  return startChild(found.path, args, {
    name: 'redis',
    env: { ...process.env, ...libraries },
    logFile: join(dir, 'redis.log'),
    stopSignal: 'SIGTERM',
  });
}

/**
 * Under a name made from the folder, so that a container left behind by a killed stack is found and removed
 * first.
 */
async function startInDocker(port: number, dir: string): Promise<Child> {
  const name = `gateway-redis-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`;
  await run('docker', ['rm', '--force', name]).catch(() => undefined);
  const args = ['run', '--rm', '--name', name, '-p', `127.0.0.1:${port}:${port}`, '-v', `${dir}:/data`];
  return startChild('docker', [...args, 'redis:7', 'redis-server', ...serverArguments(port, true)], {
    name: 'redis (docker)',
    logFile: join(dir, 'redis.log'),
    stopSignal: 'SIGTERM',
  });
}

async function waitUntilReady(port: number, child: Child, dir: string): Promise<void> {
  let ended: string | null = null;
  void child.ended.then((how) => {
    ended = how;
  });
  const until = Date.now() + 60_000;
  while (!(await answersPing(port))) {
    if (ended !== null) throw new Error(`${ended}; its log is ${join(dir, 'redis.log')}`);
    if (Date.now() > until)
      throw new Error(`redis did not answer within 60 s; its log is ${join(dir, 'redis.log')}`);
    await new Promise((next) => setTimeout(next, 25));
  }
}

/** A plain PING on a plain socket: +PONG means ready, anything else (such as LOADING) not yet. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const end = (ready: boolean) => {
      socket.destroy();
      done(ready);
    };
    socket.setTimeout(1000, () => end(false));
    socket.once('data', (data) => end(data.toString().startsWith('+PONG')));
    socket.once('error', () => end(false));
  });
}
