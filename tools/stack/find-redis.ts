import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { unpackFromDebian } from './unpack-from-debian.ts';

const run = promisify(execFile);

/** How to start a Redis here: a server binary (with the folders of its libraries), or a Docker engine. */
export type RedisBinary = { kind: 'binary'; path: string; libraryPath: string | null } | { kind: 'docker' };

const servers = ['redis-server', 'valkey-server'];

/** A server on the PATH, or null. */
export function findOnPath(path: string): string | null {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const candidates = servers.flatMap((server) => folders.map((folder) => join(folder, server)));
  return candidates.find((candidate) => existsSync(candidate)) ?? null;
}

/**
 * Finds a Redis, in this order: on the PATH; on Debian and Ubuntu, the distribution's package, downloaded and
 * unpacked under `cacheDir` without root and without installing anything; a running Docker engine. When there
 * is none, throws an error that says what was tried and what to type.
 */
export async function findRedis(
  cacheDir: string,
  path = process.env['PATH'] ?? '',
  signal?: AbortSignal,
): Promise<RedisBinary> {
  const onPath = findOnPath(path);
  if (onPath !== null) return { kind: 'binary', path: onPath, libraryPath: null };
  const tried = [`${servers.join(' and ')} on the PATH: not there`];
  try {
    const packages = ['redis-server', 'redis-tools'];
    const unpacked = await unpackFromDebian(resolve(cacheDir, 'redis'), packages, 'redis-server', signal);
    return { kind: 'binary', ...unpacked };
  } catch (error) {
    signal?.throwIfAborted();
    tried.push(`Debian's package: ${whyItFailed(error)}`);
  }
  try {
    await run('docker', ['info'], { timeout: 10_000 });
    return { kind: 'docker' };
  } catch {
    tried.push('a Docker engine: not running');
  }
  throw new Error(`no Redis was found. ${howToInstall}\nTried: ${tried.join('; ')}`);
}

const howToInstall = [
  'Install one, or set REDIS_URL:',
  '  Debian, Ubuntu:  sudo apt-get install redis-server',
  '  macOS:           brew install redis',
  '  Docker:          docker run -d -p 6379:6379 redis:7 redis-server --maxmemory-policy noeviction',
].join('\n');

/** The last line a program wrote is its reason; a program that is not there has none. */
function whyItFailed(error: unknown): string {
  const { code, path, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
  if (code === 'ENOENT') return `${path} is not there, this is no Debian or Ubuntu`;
  return stderr?.trim().split('\n').at(-1) || (message.split('\n')[0] ?? message);
}
