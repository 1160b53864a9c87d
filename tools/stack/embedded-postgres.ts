import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import type { Child } from './child.ts';
import { findFreePort } from './free-port.ts';
import { findPostgresLauncher, type PostgresLauncher } from './postgres-launcher.ts';

export type PostgresServer = {
  /** Owner of the database: migrations, leadership. */
  ownerUrl: string;
  /** The run-time role: cannot change the ledger. */
  appUrl: string;
};

export type PostgresOptions = {
  /** Folder for the data, the log and the passwords; made when missing. */
  dir: string;
  /** For tests only: an operating system crash may lose what was acknowledged. */
  withoutFsync?: boolean;
  /** Counts statements, for those who create the extension `pg_stat_statements`. */
  countsStatements?: boolean;
  /**
   * Called with the server as soon as it has a pid, so that it can be stopped while it starts.
   */
  onSpawn(child: Child): void;
  /** A port to keep over restarts; a free one when it is not given. */
  port?: number;
  /** Ends the first start's preparations. */
  signal?: AbortSignal;
};

/**
 * Starts the Postgres whose binaries come with npm, on a free port of the loopback, with its data under
 * `dir`. The first start makes the cluster, the roles and the database `gateway`; later ones find them, also
 * after everything was killed.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const dir = resolve(options.dir);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const launcher = await findPostgresLauncher(dir);
  const data = join(launcher.home, 'data');
  const password = readOrMakeSecret(join(launcher.home, 'owner-password'));
  const appPassword = readOrMakeSecret(join(launcher.home, 'app-password'));
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(launcher, data, options);
  ignoreReusedPid(data);
  const port = options.port ?? (await findFreePort());
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'shared_buffers=256MB',
    'jit=off',
    ...(options.countsStatements === true ? ['shared_preload_libraries=pg_stat_statements'] : []),
    ...(options.withoutFsync === true ? ['fsync=off', 'full_page_writes=off'] : []),
  ];
  const child = launcher.start('postgres', ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
    logFile: join(dir, 'postgres.log'),
  });
  options.onSpawn(child);
  const ownerUrl = `postgres://gateway_owner:${password}@127.0.0.1:${port}/gateway`;
  await waitUntilReady(ownerUrl, child, join(dir, 'postgres.log'));
  await prepareDatabase(ownerUrl, appPassword);
  return { ownerUrl, appUrl: `postgres://gateway_app:${appPassword}@127.0.0.1:${port}/gateway` };
}

/**
 * Makes the cluster beside its place and moves it there when it is whole, so that a killed first start leaves
 * no half of one.
 */
async function initialise(launcher: PostgresLauncher, data: string, options: PostgresOptions): Promise<void> {
  const unfinished = `${data}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  rmSync(data, { recursive: true, force: true });
  launcher.own(join(launcher.home, 'owner-password'));
  const args = ['-U', 'gateway_owner', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'];
  const passwordFile = `--pwfile=${join(launcher.home, 'owner-password')}`;
  const durability = options.withoutFsync === true ? ['--no-sync'] : [];
  await launcher.run('initdb', ['-D', unfinished, ...args, passwordFile, ...durability], options.signal);
  renameSync(unfinished, data);
}

/**
 * After a kill the lock file names a pid that may now be another program's, and Postgres would take that for
 * itself and refuse. The folder is claimed by us, so a pid that is not a Postgres of this folder means the
 * file is left over.
 */
function ignoreReusedPid(data: string): void {
  const lock = join(data, 'postmaster.pid');
  if (!existsSync(lock) || !existsSync('/proc/self/cmdline')) return;
  const pid = readFileSync(lock, 'utf8').split('\n')[0] ?? '';
  const commandLine = `/proc/${pid}/cmdline`;
  if (existsSync(commandLine) && !readFileSync(commandLine, 'utf8').includes(data)) rmSync(lock);
}

async function waitUntilReady(url: string, child: Child, logFile: string): Promise<void> {
  let ended: string | null = null;
  void child.ended.then((how) => {
    ended = how;
  });
  const until = Date.now() + 30_000;
  for (;;) {
    const client = openClient(url);
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

/**
 * To the database that is always there; in plain text whatever PGSSLMODE says, since it is our own on the
 * loopback.
 */
function openClient(url: string): InstanceType<typeof pg.Client> {
  return new pg.Client({ connectionString: url.replace(/\/gateway$/, '/postgres'), ssl: false });
}

async function prepareDatabase(ownerUrl: string, appPassword: string): Promise<void> {
  const client = openClient(ownerUrl);
  await client.connect();
  try {
    const { rows } = await client.query("select 1 from pg_database where datname = 'gateway'");
    await client.query(`
      do $$ begin
        if not exists (select 1 from pg_roles where rolname = 'gateway_runtime') then
          create role gateway_runtime nologin;
        end if;
        if not exists (select 1 from pg_roles where rolname = 'gateway_app') then
          create role gateway_app login in role gateway_runtime;
        end if;
      end $$`);
    // The password on disk is the one that counts, also when that file was lost and made anew.
    await client.query(`alter role gateway_app password '${appPassword}'`);
    if (rows.length === 0) await client.query('create database gateway owner gateway_owner');
  } finally {
    await client.end();
  }
}

function readOrMakeSecret(path: string): string {
  if (!existsSync(path)) writeFileSync(path, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(path, 'utf8').trim();
}
