import pg, { type CustomTypesConfig, type PoolClient } from 'pg';
import type { OutageLog } from '../outage-log.ts';
import { isBroken, isDatabaseUnavailable, withCode } from './database-errors.ts';
import { clientFor } from './session-settings.ts';
import { cut, type SilenceLimits, type SilenceWatch, watchSilence } from './silence-watch.ts';
import { type Answer, type Run, type RunText, statementsOf } from './statement.ts';
import { nameOf } from './statement-name.ts';

/**
 * A transaction: the templates run on one connection. It is no Database, nor is a Database one: what belongs
 * into a transaction is never run outside of it by mistake.
 */
export type Transaction = Run & {
  /** SQL that is not a template: for the owner's own tools. */
  unsafe(text: string): Promise<Record<string, unknown>[]>;
  /** A part of a transaction that may fail alone: what it did is undone, and the rest goes on. */
  savepoint<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
};

/** Postgres as the run-time uses it: a pool, whose statements are each a transaction of their own. */
export type Database = Run & {
  unsafe(text: string): Promise<Record<string, unknown>[]>;
  /**
   * Does the work in one transaction, and commits when it resolves. When the connection breaks on the way,
   * everything the work does after that fails too: nothing of it can end up anywhere else.
   */
  begin<Result>(work: (tx: Transaction) => Promise<Result>, characteristics?: string): Promise<Result>;
  end(): Promise<void>;
};

/** Either: for a statement that is good by itself, and as a part of a transaction. */
export type Sql = Database | Transaction;

export type DatabaseSettings = {
  url: string;
  poolMax: number;
  /**
   * Off behind a pooler in transaction mode, which keeps neither prepared statements nor settings of a
   * session.
   */
  prepare: boolean;
  applicationName: string;
  /** Where it is reported that the database is unavailable, and that it is back. */
  outages?: OutageLog;
  /** For tests; the default is what production uses. */
  silence?: SilenceLimits;
};

/**
 * No statement of ours takes this long; one that does is stuck behind something, and its caller is better
 * told.
 */
const statementTimeoutMs = 30_000;
const lockTimeoutMs = 5000;
/** Whatever else there is to wait for a statement: a server that is there has answered by now. */
const answerTimeoutMs = statementTimeoutMs + 5000;
/**
 * A client whose packets are swallowed in the middle of a transaction keeps its locks no longer; ours never
 * rest for so long.
 */
const restTimeoutMs = 20_000;
/** How long a caller waits for a connection: a new one, or one that others have. */
const connectionTimeoutMs = 5000;
const idleTimeoutMs = 20_000;

const sessionLimits = {
  statement_timeout: statementTimeoutMs,
  lock_timeout: lockTimeoutMs,
  idle_in_transaction_session_timeout: restTimeoutMs,
};

/**
 * Opens a pool; connections are made when first needed. A statement that waits for a lock or runs for too
 * long fails, and so does a caller who gets no connection, so that a pool whose connections all wait empties
 * by itself. Behind a pooler give the role these limits (`alter role … set lock_timeout`).
 */
export function openDatabase(settings: DatabaseSettings): Database {
  const pool = new pg.Pool({
    Client: clientFor({ pooler: !settings.prepare }),
    connectionString: settings.url,
    max: settings.poolMax,
    application_name: settings.applicationName,
    connectionTimeoutMillis: connectionTimeoutMs,
    idleTimeoutMillis: idleTimeoutMs,
    query_timeout: answerTimeoutMs,
    keepAlive: true,
    types: { getTypeParser: getTypeParser as CustomTypesConfig['getTypeParser'] },
    ...(settings.prepare ? sessionLimits : {}),
  });
  // An error on a connection nobody waits on would end the process; whoever uses it next gets the error.
  pool.on('error', (error) => settings.outages?.failed('pool', error));
  pool.on('connect', (client) => client.on('error', () => undefined));

  const config = { connectionString: settings.url, application_name: `${settings.applicationName}-probe` };
  const limits = settings.silence === undefined ? {} : { limits: settings.silence };
  const watch = watchSilence({ config, isPooled: !settings.prepare, ...limits }, dropIdle(pool));
  const access: Access = { pool, prepare: settings.prepare, watch, outages: settings.outages };
  let ending: Promise<void> | null = null;
  const runOnce: RunText = async (text, values) => {
    const client = await connect(access);
    try {
      const rows = await query(client, access, text, values);
      client.release();
      return rows;
    } catch (error) {
      client.release(isBroken(error));
      throw error;
    }
  };
  return Object.assign(statementsOf(runOnce), {
    unsafe: (text: string) => runOnce(text),
    begin: (work: (tx: Transaction) => Promise<unknown>, characteristics = '') =>
      transact(access, work, characteristics),
    end: () => {
      watch.stop();
      ending ??= pool.end();
      return ending;
    },
  }) as Database;
}

type Pool = InstanceType<typeof pg.Pool>;

/** What a statement needs on its way. */
type Access = { pool: Pool; prepare: boolean; watch: SilenceWatch; outages: OutageLog | undefined };

/** Where one connection has fallen silent, those that rest may have too: new ones are made instead. */
function dropIdle(pool: Pool): () => void {
  const idle = new Set<PoolClient>();
  pool.on('release', (_error, client) => idle.add(client));
  pool.on('acquire', (client) => idle.delete(client));
  pool.on('remove', (client) => idle.delete(client as PoolClient));
  return () => {
    for (const client of idle) cut(client);
  };
}

async function transact(
  access: Access,
  work: (tx: Transaction) => Promise<unknown>,
  characteristics: string,
): Promise<unknown> {
  const client = await connect(access);
  // One after the other, also when they are asked at once: pg 9 will not queue them.
  let last: Promise<unknown> = Promise.resolve();
  const run: RunText = (text, values) => {
    const asked = last.then(() => query(client, access, text, values));
    last = asked.catch(() => undefined);
    return asked;
  };
  try {
    await run(`begin ${characteristics}`);
    const result = await work(transactionOf(run));
    await run('commit');
    client.release();
    return result;
  } catch (error) {
    // Where even that fails the connection is gone, and the server has undone everything by itself.
    await run('rollback').then(
      () => client.release(),
      () => client.release(true),
    );
    throw error;
  }
}

function transactionOf(run: RunText): Transaction {
  const transaction: Transaction = Object.assign(statementsOf(run), {
    unsafe: (text: string) => run(text),
    savepoint: async <Result>(work: (tx: Transaction) => Promise<Result>) => {
      await run('savepoint part');
      try {
        const result = await work(transaction);
        await run('release savepoint part');
        return result;
      } catch (error) {
        await run('rollback to savepoint part');
        throw error;
      }
    },
  });
  return transaction;
}

async function connect({ pool, outages }: Access): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    outages?.failed('pool', error);
    throw withCode(error);
  }
}

async function query(
  client: PoolClient,
  { prepare, watch, outages }: Access,
  text: string,
  values?: unknown[],
): Promise<Answer<Record<string, unknown>[]>> {
  // Without values it may be several statements, which cannot be prepared.
  const name = prepare && values !== undefined ? { name: nameOf(text) } : {};
  const ended = watch.begin(client);
  try {
    const result = await client.query({ text, ...(values === undefined ? {} : { values }), ...name });
    outages?.recovered('pool');
    return toAnswer(result.rows ?? [], result.rowCount ?? 0);
  } catch (thrown) {
    const error = withCode(thrown);
    if (isDatabaseUnavailable(error)) outages?.failed('pool', error);
    throw error;
  } finally {
    ended();
  }
}

/** Beside the rows and not among them: an answer equals its rows. */
function toAnswer(rows: Record<string, unknown>[], count: number): Answer<Record<string, unknown>[]> {
  return Object.defineProperty(rows, 'count', { value: count }) as Answer<Record<string, unknown>[]>;
}

const bigintOid = 20;

function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === bigintOid) return BigInt;
  return pg.types.getTypeParser(oid, format as 'text') as (value: string) => unknown;
}

/** Rows as one parameter of type `json` or `jsonb`, for the functions that take many at once. */
export function asJson(rows: unknown): string {
  return JSON.stringify(rows);
}
