import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { type Child, startChild } from './child.ts';
import { findFreePort } from './free-port.ts';
import { unpackFromDebian } from './unpack-from-debian.ts';

/**
 * Starts PgBouncer in transaction mode in front of a Postgres, from Debian's package, and gives the same URL
 * through it: any database of that server, as that user. `serverLimit` connections serve all clients.
 */
export async function startPgBouncer(options: {
  dir: string;
  cacheDir: string;
  /** The server behind it. */
  url: string;
  serverLimit: number;
  onSpawn(child: Child): void;
  signal?: AbortSignal;
}): Promise<{ url: string }> {
  const dir = resolve(options.dir);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const program = await unpackFromDebian(
    resolve(options.cacheDir, 'pgbouncer'),
    ['pgbouncer'],
    'pgbouncer',
    options.signal,
  );
  const through = new URL(options.url);
  const { hostname, port, username, password } = through;
  through.hostname = '127.0.0.1';
  through.port = String(await findFreePort());
  const usersFile = join(dir, 'users.txt');
  writeFileSync(usersFile, `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`, {
    mode: 0o600,
  });
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: through.port,
    unix_socket_dir: '',
    auth_type: 'plain',
    auth_file: usersFile,
    pool_mode: 'transaction',
    max_client_conn: 2000,
    default_pool_size: options.serverLimit,
    ignore_startup_parameters: 'extra_float_digits',
    log_connections: 0,
    log_disconnections: 0,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const configFile = join(dir, 'pgbouncer.ini');
  // A pooler takes no such settings from its clients; without them a wait for a lock has no end.
  const limits = "connect_query='set statement_timeout = 30000; set lock_timeout = 5000'";
  const text = [
    '[databases]',
    `* = host=${hostname} port=${port} ${limits}`,
    '[pgbouncer]',
    ...lines,
    '',
  ].join('\n');
  writeFileSync(configFile, text, { mode: 0o600 });
  // It refuses to run as root; every Linux has somebody who may do nothing.
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const logFile = join(dir, 'pgbouncer.log');
  const child = startChild(program.path, [...asNobody, configFile], {
    name: 'pgbouncer',
    env: { ...process.env, LD_LIBRARY_PATH: program.libraryPath },
    logFile,
    stopSignal: 'SIGTERM',
  });
  options.onSpawn(child);
  await waitUntilReady(through, child, logFile);
  return { url: through.href };
}

async function waitUntilReady(url: URL, child: Child, logFile: string): Promise<void> {
  let ended: string | null = null;
  void child.ended.then((how) => {
    ended = how;
  });
  const until = Date.now() + 10_000;
  for (;;) {
    const error = await tryToConnect(url.href);
    if (error === null) return;
    if (ended !== null || Date.now() > until) throw new Error(`${ended ?? error}; its log is ${logFile}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

async function tryToConnect(connectionString: string): Promise<string | null> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1000 });
  try {
    await client.connect();
    await client.query('select 1');
    return null;
  } catch (error) {
    return String(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
