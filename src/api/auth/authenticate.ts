import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { insertAccount } from '../../shared/accounts/sql/accounts.ts';
import { Refusal } from '../../shared/errors.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { type Caller, mayUse, nobody } from '../http/caller.ts';
import { addressKey, type RateLimit } from '../http/rate-limit.ts';
import { unknownRoute } from '../http/unknown-route.ts';
import type { AccountCache } from './account-cache.ts';
import { type ApiKeys, sha256 } from './api-keys.ts';
import type { TokenHolder } from './jwt.ts';

export type AuthenticateDeps = {
  sql: Database;
  accounts: AccountCache;
  apiKeys: ApiKeys;
  checkToken(token: string, explain: (fault: string) => void): Promise<TokenHolder | null>;
  adminApiKey: string | null;
  /** The address a request comes from. */
  addressOf(request: IncomingMessage): string;
  failures: RateLimit;
  /** Wrong credentials one address may show in a minute; 0 is no limit. */
  failuresPerMinute: number;
  newAccounts: RateLimit;
  /** Accounts that tokens of the identity provider may make in a minute; 0 is no limit, null none at all. */
  newAccountsPerMinute: number | null;
};

const operator: Caller = { accountId: null, scopes: new Set(['admin']), keyId: null, until: null };

/**
 * Finds out who is calling and whether the route is theirs to use, and puts both on the request. The
 * credential is looked at before any limit: a good one always passes, whoever else guesses at the same
 * address, and only failures are counted and then refused. Every way of not being known is the same 401:
 * which part of a credential was wrong is for the log.
 */
export function createAuthenticator(deps: AuthenticateDeps): (request: FastifyRequest) => Promise<void> {
  const adminDigest = deps.adminApiKey === null ? null : sha256(deps.adminApiKey);

  function isOperator(token: string): boolean {
    return adminDigest !== null && timingSafeEqual(sha256(token), adminDigest);
  }

  /** Who shows a token, or what is wrong with it. */
  async function identify(token: string, suspect: boolean): Promise<Caller | { fault: string }> {
    const owner = token.startsWith('gw_') ? await deps.apiKeys.check(token, suspect) : null;
    if (owner !== null) return owner;
    if (isOperator(token)) return operator;
    if (token.startsWith('gw_')) return { fault: 'an API key that is unknown, revoked or expired' };
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return { fault: 'neither an API key nor a JWT' };
    let fault = 'a JWT that is not good';
    const holder = await deps.checkToken(token, (why) => {
      fault = `a JWT that is not good: ${why}`;
    });
    return holder === null ? { fault } : { ...(await admitHolder(deps, holder)), keyId: null };
  }

  async function authenticate(request: FastifyRequest): Promise<Caller> {
    const known = (await request.routeOptions.config.identify?.(request)) ?? null;
    if (known !== null) return known;
    const token = readToken(request);
    if (token === null) throw unauthenticated();
    const cached = deps.apiKeys.peek(token);
    if (cached !== null) return cached;
    const address = addressKey(deps.addressOf(request.raw));
    const limit = deps.failuresPerMinute;
    const suspect = limit > 0 && !deps.failures.peek(address, limit).allowed;
    const found = await identify(token, suspect);
    if (!('fault' in found)) return found;
    request.credentialFault = found.fault;
    if (limit > 0) countFailure(deps, address);
    throw unauthenticated();
  }

  return async (request) => {
    const scope = request.routeOptions.config.scope;
    request.caller = nobody;
    request.account = null;
    // Before the body is read: what is sent to nowhere has no faults worth naming.
    if (request.is404) throw unknownRoute(request);
    // A route without a scope cannot exist (see scopes.ts); were there one, it would be the operator's.
    if (scope === 'public') return;
    request.caller = await authenticate(request);
    const { accountId } = request.caller;
    if (accountId !== null) request.account = await deps.accounts.find(accountId);
    if (!mayUse(request.caller, scope ?? 'admin')) {
      throw new Refusal('permission_denied', `This credential lacks the scope "${scope}"`);
    }
    if (request.account?.paused === true && isWaitedFor(request)) {
      throw new Refusal(
        'permission_denied',
        'This account is paused by the operator; jobs and batches are taken and wait until it goes on',
      );
    }
  };
}

/** Calls whose client waits for the answer of a model. */
const waitedFor = new Set(['/v1/chat/completions', '/v1/messages', '/v1/responses']);

function isWaitedFor(request: FastifyRequest): boolean {
  return request.method === 'POST' && waitedFor.has(request.routeOptions.url ?? '');
}

function unauthenticated(): Refusal {
  return new Refusal(
    'authentication_error',
    'No valid credential; send an API key or a token as "Authorization: Bearer …" or "x-api-key: …"',
  );
}

function countFailure(deps: AuthenticateDeps, address: string): void {
  const allowance = deps.failures.take(address, deps.failuresPerMinute);
  if (allowance.allowed) return;
  throw new Refusal('rate_limited', 'Too many failed credentials from this address; try again later', {
    retryAfterMs: allowance.retryAfterMs,
  });
}

type Admitted = Pick<Caller, 'accountId' | 'scopes' | 'until'>;

/**
 * Makes the account of a token that is seen for the first time, where tokens may make accounts and as many as
 * they may.
 */
async function admitHolder(deps: AuthenticateDeps, holder: TokenHolder): Promise<Admitted> {
  const { accountId } = holder;
  if ((await deps.accounts.find(accountId)) !== null) return holder;
  const perMinute = deps.newAccountsPerMinute;
  if (perMinute === null) return withoutAccount(holder);
  const allowance = perMinute === 0 ? null : deps.newAccounts.take('', perMinute);
  if (allowance?.allowed === false) {
    const text = `No more than ${perMinute} accounts a minute are made by tokens (JWT_ACCOUNTS_PER_MINUTE); try again later`;
    const { retryAfterMs } = allowance;
    throw new Refusal('rate_limited', text, { retryAfterMs, fields: { quota: 'jwt_accounts' } });
  }
  await insertAccount(deps.sql, { id: accountId, name: accountId });
  deps.accounts.drop(accountId);
  return holder;
}

/** An operator needs no account to do his work; anybody else has nothing to do here without one. */
function withoutAccount(holder: TokenHolder): Admitted {
  if (holder.scopes.has('admin')) return { ...holder, accountId: null };
  throw new Refusal(
    'permission_denied',
    'This token is good, but only known accounts are let in and its subject has none; ask the operator to create it',
  );
}

/**
 * The token of `Authorization: Bearer`, else of `x-api-key`, else (on pages for browsers) the password of
 * Basic.
 */
function readToken(request: FastifyRequest): string | null {
  const authorization = request.headers.authorization;
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (bearer !== undefined) return bearer;
  const header = request.headers['x-api-key'];
  if (typeof header === 'string' && header !== '') return header;
  const [, basic] = /^Basic +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (basic === undefined || request.routeOptions.config.basic !== true) return null;
  const pair = Buffer.from(basic, 'base64').toString('utf8');
  const password = pair.slice(pair.indexOf(':') + 1);
  return password === '' ? null : password;
}
