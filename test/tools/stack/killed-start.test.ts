import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { isRunning, type ProcessIdentity } from '../../../tools/stack/process-identity.ts';
import { waitFor } from '../../support/wait-for.ts';

type Note = { stack: ProcessIdentity; children: (ProcessIdentity & { name: string })[] };

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** `npm start` in a terminal of its own, once it has printed that it is ready. */
async function start(): Promise<{ npm: ChildProcess; note: Note }> {
  const dir = mkdtempSync(join(tmpdir(), 'killed-start-'));
  dirs.push(dir);
  const { PATH, HOME } = process.env;
  const npm = spawn('npm', ['start'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH, HOME, DATA_DIR: dir, PORT: '0' },
  });
  npm.stdout.setEncoding('utf8');
  let printed = '';
  for await (const piece of npm.stdout) {
    printed += piece as string;
    if (/^ready /m.test(printed)) break;
  }
  expect(printed).toMatch(/^ready http/m);
  return { npm, note: JSON.parse(readFileSync(join(dir, 'running.json'), 'utf8')) as Note };
}

const killed: [what: string, kill: (npm: ChildProcess, note: Note) => void][] = [
  ['with its terminal', (npm) => process.kill(-(npm.pid ?? 0), 'SIGKILL')],
  ['alone', (_npm, { stack }) => process.kill(stack.pid, 'SIGKILL')],
  ['by the npm it was started with', (npm) => npm.kill('SIGKILL')],
];

test.each(killed)(
  'npm start killed with SIGKILL %s leaves nothing behind',
  async (_what, kill) => {
    const { npm, note } = await start();
    expect(note.children.map(({ name }) => name).toSorted()).toEqual([
      'gateway',
      'postgres',
      'redis',
      'simulator',
    ]);
    const ended = once(npm, 'exit');
    kill(npm, note);
    await ended;
    await waitFor(
      'everything to end',
      () => [note.stack, ...note.children].every((one) => !isRunning(one)),
      30_000,
    );
  },
  120_000,
);
