import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { claimFolder } from '../../../tools/stack/claim-folder.ts';
import { identify, isRunning } from '../../../tools/stack/process-identity.ts';
import { newTempFolder } from '../../support/temp-folder.ts';

const newFolder = () => newTempFolder('claim');
const noteOf = (dir: string) => join(dir, 'running.json');

/** A process that lives until it is stopped. */
function startIdle() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  const gone = new Promise((done) => child.once('exit', done));
  return { pid: child.pid ?? 0, gone, kill: () => child.kill('SIGKILL') };
}

test('a folder has one stack at a time, and the refusal says what to do', async () => {
  const dir = newFolder();
  const first = await claimFolder(dir);
  await expect(claimFolder(dir)).rejects.toThrow(
    `another stack is running on ${dir} (process ${process.pid}): stop it first, or set DATA_DIR`,
  );
  first.release();
  (await claimFolder(dir)).release();
});

test('of many processes that start at once on what a killed one left, one gets the folder', async () => {
  const dir = newFolder();
  const gone = startIdle();
  writeFileSync(noteOf(dir), JSON.stringify({ stack: identify(gone.pid), children: [] }));
  gone.kill();
  await gone.gone;
  const script = `const { claimFolder } = await import('./dist-tools/tools/stack/claim-folder.js');
    await claimFolder(process.argv[1]).then(() => process.stdout.write('got it'),
      () => process.stdout.write('refused'));
    process.stdin.resume();`;
  const claims = Array.from({ length: 5 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script, dir], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  const answers = await Promise.all(
    claims.map(
      (child) => new Promise<string>((done) => child.stdout.once('data', (data) => done(String(data)))),
    ),
  );
  expect(answers.toSorted()).toEqual(['got it', ...Array.from({ length: 4 }, () => 'refused')]);
  for (const child of claims) child.kill('SIGKILL');
});

test('what a killed stack left running is stopped, whatever it calls itself', async () => {
  const dir = newFolder();
  const [stack, server] = [startIdle(), startIdle()];
  writeFileSync(
    noteOf(dir),
    JSON.stringify({ stack: identify(stack.pid), children: [{ name: 'redis', ...identify(server.pid) }] }),
  );
  stack.kill();
  await stack.gone;
  await claimFolder(dir);
  await server.gone;
  expect(identify(server.pid)).toBeNull();
});

test('a pid that was given to somebody else is left alone', async () => {
  const dir = newFolder();
  const other = startIdle();
  const recycled = { pid: other.pid, startedAt: 'before the last restart' };
  writeFileSync(noteOf(dir), JSON.stringify({ stack: recycled, children: [{ name: 'redis', ...recycled }] }));
  await claimFolder(dir);
  const now = identify(other.pid);
  expect(now !== null && isRunning(now)).toBe(true);
  other.kill();
});

test('a note that was cut off by a crash, or written by an older version, does not stand in the way', async () => {
  for (const text of ['', '{"stack":', '{"stack":12345,"children":[{"name":"redis","pid":12346}]}']) {
    const dir = newFolder();
    writeFileSync(noteOf(dir), text);
    await claimFolder(dir);
    expect(JSON.parse(readFileSync(noteOf(dir), 'utf8')).stack.pid).toBe(process.pid);
  }
});

test('releasing the folder leaves nothing on it', async () => {
  const dir = newFolder();
  const folder = await claimFolder(dir);
  folder.note([{ name: 'postgres', pid: process.pid }]);
  folder.release();
  expect(existsSync(noteOf(dir))).toBe(false);
});
