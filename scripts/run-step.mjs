import { spawn } from 'node:child_process';

let running = null;
let stopped = null;

/** True once the command was asked to end; nothing new may be started then. */
export const isStopped = () => stopped !== null;

function endWith(code) {
  if (running === null) process.exit(code);
}

function stop(signal, code) {
  if (stopped === null) stopped = code;
  running?.stop(signal);
  endWith(code);
}

/**
 * Makes Ctrl-C, SIGTERM, a closed terminal and the death of npm end whatever runs at that moment. npm starts
 * scripts through a shell, and that shell passes no signal on when only npm is signalled: being left by our
 * parent is then all we notice.
 */
export function stopWithParent() {
  process.on('SIGINT', () => stop('SIGINT', 130));
  process.on('SIGTERM', () => stop('SIGTERM', 143));
  process.on('SIGHUP', () => stop('SIGTERM', 129));
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop('SIGTERM', 143);
  }, 250);
  watch.unref();
}

function ended(child, name) {
  return new Promise((done) => {
    child.once('error', (error) => {
      process.stderr.write(`${name} could not be started: ${error.message}\n`);
      done(1);
    });
    child.once('exit', (code, signal) => done(signal === null ? code : 1));
  });
}

async function whileRunning(child, name, stopChild) {
  running = { stop: stopChild };
  const code = await ended(child, name);
  running = null;
  if (stopped !== null) process.exit(stopped);
  return code;
}

/**
 * Runs a tool in a process group of its own, output on stderr so that stdout stays the command's; true when
 * it succeeded.
 */
export async function runStep(name, file, args, options) {
  process.stderr.write(`${name} …\n`);
  const child = spawn(file, args, { ...options, detached: true, stdio: ['ignore', 2, 2] });
  const code = await whileRunning(child, name, () => {
    try {
      process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It has ended by itself.
    }
  });
  return code === 0;
}

/**
 * Runs a command of ours and gives its exit code. It stops what it started, so it is only asked, never
 * killed; if this process is killed, the channel between the two closes, and it stops as well.
 */
export function runCommand(script, args, options) {
  const child = spawn(process.execPath, ['--enable-source-maps', script, ...args], {
    ...options,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  return whileRunning(child, script, (signal) => child.kill(signal));
}
