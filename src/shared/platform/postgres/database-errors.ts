import pg from 'pg';
import type { GroupFault } from '../group-commit/group-waiter.ts';

const unavailableCodes = new Set([
  'CONNECTION_CLOSED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  '53100', // disk full
  '53200', // out of memory
  '53300', // too many connections
  '57P01', // the administrator ended the connection
  '57P02', // the server crashed
  '57P03', // the server is starting or stopping
  '25006', // read-only: a standby answered
]);

/**
 * True when the database could not be asked, rather than said no: the caller answers 503 and may try again.
 */
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

function isCollision(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && collisionCodes.has(code);
}

/** True when the same statement may well go through a moment later, so that its caller should come again. */
export function isDatabaseTransient(error: unknown): boolean {
  return isDatabaseUnavailable(error) || isCollision(error);
}

/** Whose fault it is that a statement for many callers failed. */
export function groupFaultOf(error: unknown): GroupFault {
  if (isDatabaseUnavailable(error)) return 'nobody';
  return isCollision(error) ? 'lock' : 'item';
}

/** What `pg` says of a connection that is gone, or not to be had, has no code. */
const brokenConnection = new RegExp(
  '^(?:Cannot use a pool|Connection terminated|Client (?:was closed|has encountered)' +
    '|timeout exceeded|Query read timeout)',
);

/** The error with a code of its own, where `pg` gave none. */
export function withCode(error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code !== undefined || typeof message !== 'string' || !brokenConnection.test(message)) return error;
  return Object.assign(error as Error, { code: 'CONNECTION_CLOSED' });
}

/**
 * Whether the connection can be used no more. What the server itself says of a statement does not harm it.
 */
export function isBroken(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || isDatabaseUnavailable(error);
}
