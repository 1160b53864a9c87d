import type { Socket } from 'node:net';
import postgres from 'postgres';
import { openPostgresSocket } from './postgres-socket.ts';

/** Postgres as the run-time uses it: tagged templates, and `bigint` columns as BigInt. */
export type Database = postgres.Sql<{ bigint: bigint }>;

/** A transaction: the same templates, on one connection. */
export type Transaction = postgres.TransactionSql<{ bigint: bigint }>;

export type DatabaseSettings = {
  url: string;
  poolMax: number;
  /** Off behind a pooler in transaction mode, which cannot keep prepared statements. */
  prepare: boolean;
  applicationName: string;
};

/** No statement of ours takes this long; one that does is stuck behind something, and its caller is better told. */
const statementTimeoutMs = 30_000;
const lockTimeoutMs = 5000;
/** Longer than a statement may take, and than an idle connection is kept. */
const silenceMs = statementTimeoutMs + 5000;

/**
 * Opens a pool; connections are made when first needed, and idle ones are closed after a minute. A statement that waits for a
 * lock or runs for too long fails, so that a pool whose connections all wait empties by itself. A pooler in transaction mode
 * takes no settings of a session: give the role these limits there (`alter role … set lock_timeout`).
 */
export function openDatabase(settings: DatabaseSettings): Database {
  const limits = { statement_timeout: statementTimeoutMs, lock_timeout: lockTimeoutMs };
  const options: Options = {
    max: settings.poolMax,
    prepare: settings.prepare,
    idle_timeout: 20,
    connect_timeout: 5,
    // The driver's own grows to twenty seconds; a database that is back should be found at once.
    backoff: () => 0.1 + Math.random() * 0.4,
    connection: { application_name: settings.applicationName, ...(settings.prepare ? limits : {}) },
    types: { bigint: postgres.BigInt },
    onnotice: () => undefined,
    socket: (address) => openPostgresSocket(address, silenceMs),
  };
  return postgres(settings.url, options);
}

/** The driver takes `socket`, and its types do not say so. */
type Options = postgres.Options<{ bigint: postgres.PostgresType<bigint> }> & {
  socket(address: Parameters<typeof openPostgresSocket>[0]): Socket;
};

const unavailableCodes = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'ETIMEDOUT',
  '53100', // disk full
  '53200', // out of memory
  '53300', // too many connections
  '57P01', // the administrator ended the connection
  '57P02', // the server crashed
  '57P03', // the server is starting or stopping
  '25006', // read-only: a standby answered
]);

/** True when the database could not be asked, rather than said no: the caller answers 503 and may try again. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && (unavailableCodes.has(code) || code.startsWith('08'));
}

/** Two transactions stood in each other's way, or one waited too long; Postgres undid this one. */
const collisionCodes = new Set([
  '40001', // could not serialize
  '40P01', // deadlock
  '55P03', // a lock was not to be had in time
  '57014', // took longer than a statement may
]);

/** True when the same statement may well go through a moment later, so that its caller should come again. */
export function isDatabaseTransient(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return isDatabaseUnavailable(error) || (typeof code === 'string' && collisionCodes.has(code));
}

/** The type `json` in Postgres: text that is parsed when it is read, where `jsonb` would be rebuilt on the way in. */
const jsonOid = 114;

/** Rows as one parameter of type `json`, for the functions that take many at once. */
export function asJson(sql: Database, rows: object[]): postgres.Parameter<object[]> {
  return sql.typed(rows, jsonOid);
}
