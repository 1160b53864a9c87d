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
export async function findRedis(
  cacheDir: string,
  path = process.env['PATH'] ?? '',
  signal?: AbortSignal,
): Promise<RedisBinary> {
  const onPath = findOnPath(path);
  if (onPath !== null) return { kind: 'binary', path: onPath, libraryPath: null };
  const tried = [`${servers.join(' and ')} on the PATH: not there`];
  try {
    return await unpackFromDebian(resolve(cacheDir, 'redis'), signal);
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

async function unpackFromDebian(dir: string, signal: AbortSignal | undefined): Promise<RedisBinary> {
  const root = join(dir, 'root');
  const path = join(root, 'usr/bin/redis-server');
  if (!existsSync(path)) {
    const system = systemHasLists() ? await download(dir, root, [], signal).catch(() => 'outdated') : 'none';
    // The system's lists may be missing, or name versions the mirror no longer has: then lists of our own are fetched.
    signal?.throwIfAborted();
    if (system !== undefined) await download(dir, root, await fetchLists(dir, signal), signal);
  }
  const libraryPath = ['usr/lib', 'lib']
    .flatMap((folder) => findLibraryFolders(join(root, folder)))
    .join(':');
  await run(path, ['--version'], { env: { ...process.env, LD_LIBRARY_PATH: libraryPath } });
  return { kind: 'binary', path, libraryPath };
}

/** Runs a Debian program; downloads stay in our folder whoever we are, so the unprivileged user of apt is not needed. */
async function apt(
  program: string,
  args: string[],
  options: { cwd?: string; signal?: AbortSignal | undefined },
) {
  const { cwd, signal } = options;
  return run(program, ['-o', 'APT::Sandbox::User=root', ...args], {
    maxBuffer: 16 * 1024 * 1024,
    env: { ...process.env, LC_ALL: 'C' },
    ...(cwd === undefined ? {} : { cwd }),
    ...(signal === undefined ? {} : { signal }),
  });
}

async function download(
  dir: string,
  root: string,
  lists: string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  // In folders of this process and moved at the end, so that two commands at once or an interruption leave no half of it.
  const packages = join(dir, `packages-${process.pid}`);
  const unpacked = join(dir, `root-${process.pid}`);
  for (const folder of [packages, unpacked]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  try {
    const wanted = ['redis-server', 'redis-tools'];
    const { stdout } = await apt('apt-cache', [...lists, 'depends', ...wanted], { signal });
    const all = [...wanted, ...librariesIn(stdout)];
    await apt('apt-get', [...lists, 'download', ...all], { cwd: packages, signal });
    for (const file of readdirSync(packages)) await run('dpkg-deb', ['-x', join(packages, file), unpacked]);
    if (!existsSync(root)) renameSync(unpacked, root);
  } finally {
    for (const folder of [packages, unpacked]) rmSync(folder, { recursive: true, force: true });
  }
}

/** The libraries among the direct dependencies, without the C library, which every system has and must not be mixed. */
export function librariesIn(depends: string): string[] {
  const names = [...depends.matchAll(/^\s*\|?Depends: (\S+)$/gm)].map((match) => match[1] ?? '');
  return [...new Set(names.filter((name) => /^(lib|lua-)/.test(name) && name !== 'libc6'))];
}

function systemHasLists(): boolean {
  const lists = '/var/lib/apt/lists';
  return existsSync(lists) && readdirSync(lists).some((name) => /_Packages(\.\w+)?$/.test(name));
}

/** Fetches package lists into our cache, which needs no root, and gives the options that make apt use them. */
async function fetchLists(dir: string, signal: AbortSignal | undefined): Promise<string[]> {
  const [lists, cache] = [join(dir, 'apt/lists'), join(dir, 'apt/cache')];
  for (const folder of [join(lists, 'partial'), join(cache, 'archives/partial')])
    mkdirSync(folder, { recursive: true });
  const options = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${cache}`];
  await apt('apt-get', [...options, 'update'], { signal });
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
