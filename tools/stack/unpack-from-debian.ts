import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A program from a package, and the folders of the libraries that came with it. */
export type UnpackedProgram = { path: string; libraryPath: string };

/**
 * A program of Debian's or Ubuntu's packages, downloaded with the libraries they depend on and unpacked under
 * `dir`, without root and without installing anything. What is there already is taken as it is. Throws where
 * there is no apt.
 */
export async function unpackFromDebian(
  dir: string,
  packages: string[],
  program: string,
  signal?: AbortSignal,
): Promise<UnpackedProgram> {
  const root = join(dir, 'root');
  const find = () => ['usr/bin', 'usr/sbin'].map((folder) => join(root, folder, program)).find(existsSync);
  if (find() === undefined) {
    const system = systemHasLists()
      ? await download({ dir, root, packages, lists: [], signal }).catch(() => 'outdated')
      : 'none';
    // The system's lists may be missing, or name versions the mirror no longer has: then lists of our own are
    // fetched.
    signal?.throwIfAborted();
    if (system !== undefined)
      await download({ dir, root, packages, lists: await fetchLists(dir, signal), signal });
  }
  const libraryPath = ['usr/lib', 'lib']
    .flatMap((folder) => findLibraryFolders(join(root, folder)))
    .join(':');
  const path = find();
  if (path === undefined) throw new Error(`${packages.join(' ')} has no program ${program}`);
  await run(path, ['--version'], { env: { ...process.env, LD_LIBRARY_PATH: libraryPath } });
  return { path, libraryPath };
}

/**
 * Runs a Debian program; downloads stay in our folder whoever we are, so the unprivileged user of apt is not
 * needed.
 */
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

type Download = {
  dir: string;
  root: string;
  packages: string[];
  lists: string[];
  signal: AbortSignal | undefined;
};

async function download({ dir, root, packages: wanted, lists, signal }: Download): Promise<void> {
  // In folders of this process and moved at the end, so that two commands at once or an interruption leave no
  // half of it.
  const packages = join(dir, `packages-${process.pid}`);
  const unpacked = join(dir, `root-${process.pid}`);
  for (const folder of [packages, unpacked]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  try {
    const { stdout } = await apt('apt-cache', [...lists, 'depends', ...wanted], { signal });
    const all = [...wanted, ...librariesIn(stdout)];
    await apt('apt-get', [...lists, 'download', ...all], { cwd: packages, signal });
    for (const file of readdirSync(packages)) await run('dpkg-deb', ['-x', join(packages, file), unpacked]);
    if (!existsSync(root)) renameSync(unpacked, root);
  } finally {
    for (const folder of [packages, unpacked]) rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The libraries among the direct dependencies, without the C library, which every system has and must not be
 * mixed.
 */
export function librariesIn(depends: string): string[] {
  const names = [...depends.matchAll(/^\s*\|?Depends: (\S+)$/gm)].map((match) => match[1] ?? '');
  return [...new Set(names.filter((name) => /^(lib|lua-)/.test(name) && name !== 'libc6'))];
}

function systemHasLists(): boolean {
  const lists = '/var/lib/apt/lists';
  return existsSync(lists) && readdirSync(lists).some((name) => /_Packages(\.\w+)?$/.test(name));
}

/**
 * Fetches package lists into our cache, which needs no root, and gives the options that make apt use them.
 */
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
