import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';

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
 * Finds a Redis, in this order: on the PATH; on Debian and Ubuntu, the distribution's package, downloaded and unpacked
 * under `cacheDir` without root and without installing anything; a running Docker engine. When there is none, throws an
 * error that says what was tried and what to type.
 */
export async function findRedis(cacheDir: string, path = process.env['PATH'] ?? ''): Promise<RedisBinary> {
  const onPath = findOnPath(path);
  if (onPath !== null) return { kind: 'binary', path: onPath, libraryPath: null };
  const tried = [`${servers.join(' and ')} on the PATH: not there`];
  try {
    return await unpackFromDebian(resolve(cacheDir, 'redis'));
  } catch (error) {
    tried.push(`Debian's package: ${(error as Error).message.split('\n')[0]}`);
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

async function unpackFromDebian(dir: string): Promise<RedisBinary> {
  const root = join(dir, 'root');
  const path = join(root, 'usr/bin/redis-server');
  if (!existsSync(path)) await download(dir, root);
  const libraryPath = ['usr/lib', 'lib']
    .flatMap((folder) => findLibraryFolders(join(root, folder)))
    .join(':');
  await run(path, ['--version'], { env: { ...process.env, LD_LIBRARY_PATH: libraryPath } });
  return { kind: 'binary', path, libraryPath };
}

async function download(dir: string, root: string): Promise<void> {
  const downloads = join(dir, 'packages');
  rmSync(downloads, { recursive: true, force: true });
  mkdirSync(downloads, { recursive: true });
  const options = await aptOptions(dir);
  const servers = ['redis-server', 'redis-tools'];
  const { stdout } = await run('apt-cache', [...options, 'depends', ...servers]);
  await run('apt-get', [...options, 'download', ...servers, ...librariesIn(stdout)], { cwd: downloads });
  // Unpacked beside and moved at the end, so that an interrupted download is not mistaken for a whole one.
  const unpacked = `${root}.new`;
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(unpacked, { recursive: true });
  for (const file of readdirSync(downloads)) await run('dpkg-deb', ['-x', join(downloads, file), unpacked]);
  rmSync(root, { recursive: true, force: true });
  renameSync(unpacked, root);
}

/** The libraries among the direct dependencies, without the C library, which every system has and must not be mixed. */
export function librariesIn(depends: string): string[] {
  const names = [...depends.matchAll(/^\s*\|?Depends: (\S+)$/gm)].map((match) => match[1] ?? '');
  return [...new Set(names.filter((name) => /^(lib|lua-)/.test(name) && name !== 'libc6'))];
}

/** The system's package lists when it has any, else lists of our own, fetched into the cache. */
async function aptOptions(dir: string): Promise<string[]> {
  const lists = '/var/lib/apt/lists';
  // Downloads by the unprivileged `_apt` user would be refused in our folders; as nobody but root that is no question.
  const sandbox = ['-o', 'APT::Sandbox::User=root'];
  const hasLists =
    existsSync(lists) &&
    readdirSync(lists).some((name) => name.endsWith('_Packages') || name.endsWith('.lz4'));
  if (hasLists) return sandbox;
  const own = ['lists', 'cache', 'cache/archives/partial', 'lists/partial'].map((name) =>
    join(dir, 'apt', name),
  );
  for (const folder of own) mkdirSync(folder, { recursive: true });
  const options = [
    ...sandbox,
    '-o',
    `Dir::State::lists=${join(dir, 'apt/lists')}`,
    '-o',
    `Dir::Cache=${join(dir, 'apt/cache')}`,
  ];
  await run('apt-get', [...options, 'update'], { maxBuffer: 16 * 1024 * 1024 });
  return options;
}

function findLibraryFolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  const here = entries.some((entry) => /\.so(\.|$)/.test(entry.name)) ? [folder] : [];
  const below = entries
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => findLibraryFolders(join(folder, entry.name)));
  return [...here, ...below];
}
