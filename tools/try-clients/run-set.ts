import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientSet } from './client-set.ts';
import { runProgram } from './run-program.ts';

/** What a set's script found: names of cases, and why they failed or were left out. */
export type Found = { passed: number; failed: string[]; skipped: string[] };

/**
 * Runs the script of an installed set with `GW_URL` and `GW_KEY` and a home folder of its own, and reads its
 * lines `ok NAME`, `not ok NAME: why` and `skipped NAME: why`. A script that ends badly, or tries nothing,
 * has failed.
 */
export async function runSet(
  set: ClientSet,
  installed: { folder: string; env: Record<string, string> },
  at: { url: string; key: string; signal: AbortSignal; print(line: string): void },
): Promise<Found> {
  const found: Found = { passed: 0, failed: [], skipped: [] };
  const home = mkdtempSync(join(tmpdir(), 'try-clients-'));
  const [file = '', ...args] = set.command;
  const { code, why, tail } = await runProgram(file, args, {
    cwd: installed.folder,
    env: {
      PATH: process.env['PATH'],
      LANG: 'C.UTF-8',
      HOME: home,
      GW_URL: at.url,
      GW_KEY: at.key,
      ...installed.env,
    },
    timeoutMs: set.timeoutSeconds * 1000,
    signal: at.signal,
    onLine: (line) => {
      if (readLine(line, found)) at.print(`  ${line}`);
    },
  });
  rmSync(home, { recursive: true, force: true });
  const triedNothing = found.passed + found.failed.length + found.skipped.length === 0;
  if (triedNothing || (code !== 0 && found.failed.length === 0) || code === null) {
    found.failed.push(`${set.command.join(' ')}: ${why}${triedNothing ? ' and tried nothing' : ''}\n${tail}`);
  }
  return found;
}

/** Adds what a line says; false for a line of another kind. */
function readLine(line: string, found: Found): boolean {
  const [, verdict, rest = ''] = /^(ok|not ok|skipped) (.*)$/.exec(line) ?? [];
  if (verdict === 'ok') found.passed++;
  else if (verdict === 'not ok') found.failed.push(rest);
  else if (verdict === 'skipped') found.skipped.push(rest);
  return verdict !== undefined;
}
