import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { ClientSet, Registry } from './client-set.ts';
import { installSteps, type Step } from './install-steps.ts';
import { runProgram } from './run-program.ts';

export type Packages = Record<string, string>;

/** Where a set may run, with what its packages need in the environment; or why it cannot. */
export type Installed = { folder: string; env: Record<string, string> } | { skipped: string };

const stepTimeoutMs = 600_000;
const stamp = '.installed';

/**
 * Copies a set's script into a cache folder of its packages and installs them there, once: they stay until
 * other versions are asked for. A registry or tool that is unavailable makes it skipped, with the reason.
 */
export async function install(
  set: ClientSet,
  packages: Packages,
  at: { cacheDir: string; supportDir: string; signal: AbortSignal },
): Promise<Installed> {
  const folder = resolve(at.cacheDir, set.name, folderName(packages));
  const wanted = JSON.stringify(packages);
  const isThere = existsSync(join(folder, stamp)) && readFileSync(join(folder, stamp), 'utf8') === wanted;
  if (!isThere) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(at.supportDir, join(folder, 'support'), { recursive: true });
  cpSync(set.folder, folder, { recursive: true });
  const { files, fetch, build } = installSteps(set.registry, packages);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  for (const step of isThere ? build : [...fetch, ...build]) {
    const reason = await runStep(step, folder, at.signal);
    if (reason !== null) return { skipped: reason };
  }
  if (!isThere) writeFileSync(join(folder, stamp), wanted);
  return { folder, env: environmentOf(set.registry, folder) };
}

/** `openai-7.59.0`: the first package stands for the list. */
function folderName(packages: Packages): string {
  const [name = '', version = ''] = Object.entries(packages)[0] ?? [];
  return `${name}-${version}`.replaceAll(/[^\w.-]+/g, '-').replace(/^-/, '');
}

async function runStep({ file, args }: Step, folder: string, signal: AbortSignal): Promise<string | null> {
  const program = { cwd: folder, env: process.env, timeoutMs: stepTimeoutMs, signal };
  const { code, why, tail } = await runProgram(file, args, program);
  if (code === 0) return null;
  const words = tail.trim().split('\n').slice(0, 2).join(' ');
  return `${[file, args[0]].join(' ')} ${why}${words === '' ? '' : `: ${words}`}`;
}

function environmentOf(registry: Registry, folder: string): Record<string, string> {
  const pathOf = (bin: string) => [join(folder, bin), process.env['PATH']].join(delimiter);
  switch (registry) {
    case 'npm':
      return { PATH: pathOf('node_modules/.bin') };
    case 'pip':
      return { PATH: pathOf('venv/bin'), PYTHONUNBUFFERED: '1' };
    case 'go':
      return {};
    case 'maven':
      return { CLASSPATH: readFileSync(join(folder, 'classpath'), 'utf8').trim() };
  }
}
