// How coding agents are run: each time in a folder of its own with two files, with nothing of this machine
// but its path.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redPng } from './pictures.mjs';

const timeoutMs = 90_000;

/** What stands in `note.txt`; `red.png` is beside it. */
export const note = 'the amber lamp';

/**
 * Runs an agent to its end and gives what it wrote, and reads a file that it made. `argsIn` is given the
 * folder. Throws when it ends badly or not at all.
 */
export async function runAgent(file, argsIn, { env = {}, made = null } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'agent-'));
  writeFileSync(join(folder, 'note.txt'), `${note}\n`);
  writeFileSync(join(folder, 'red.png'), Buffer.from(redPng, 'base64'));
  try {
    const written = await outputOf(file, argsIn(folder), {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    });
    return { written, made: made === null ? null : readFileSync(join(folder, made), 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function outputOf(file, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let written = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (written += chunk));
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(written);
      else reject(new Error(`ended with ${signal ?? code}: ${written.slice(-1000)}`));
    });
  });
}
