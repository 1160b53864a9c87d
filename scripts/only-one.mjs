import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

function holderOf(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function tryTake(path) {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, path);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

/**
 * Runs `work` while no other command runs its own under the same lock file: two commands started at once in a
 * fresh clone must not install and build over each other. A lock whose holder is gone is taken over.
 */
export async function onlyOne(path, onWait, work) {
  mkdirSync(dirname(path), { recursive: true });
  let waiting = false;
  while (!tryTake(path)) {
    const holder = holderOf(path);
    if (holder !== null && !isAlive(holder) && holderOf(path) === holder) {
      rmSync(path, { force: true });
      continue;
    }
    if (!waiting) onWait(holder);
    waiting = true;
    await new Promise((next) => setTimeout(next, 200));
  }
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    release();
    process.off('exit', release);
  }
}
