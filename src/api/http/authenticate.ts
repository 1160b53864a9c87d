import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { notFound, Refusal } from '../../shared/domain/errors.ts';
import { insertAccount } from '../../shared/sql/accounts.ts';
import type { Database } from '../../shared/sql/database.ts';
import type { AccountCache } from './account-cache.ts';
import { type ApiKeys, sha256 } from './api-keys.ts';
import { type Caller, mayUse, nobody } from './caller.ts';
import type { TokenHolder } from './jwt.ts';
import { addressKey, type RateLimit } from './rate-limit.ts';

export type AuthenticateDeps = {
  sql: Database;
  accounts: AccountCache;
  apiKeys: ApiKeys;
  checkToken(token: string): Promise<TokenHolder | null>;
  adminApiKey: string | null;
  failures: RateLimit;
  /** Wrong credentials one address may show in a minute; 0 is no limit. */
  failuresPerMinute: number;
};

const operator: Caller = { accountId: null, scopes: new Set(['admin']), keyId: null };

/**
 * Finds out who is calling and whether the route is theirs to use, and puts both on the request. Every way of not being
 * known is the same 401: which part of a credential was wrong is nobody's business.
 */
export function createAuthenticator(deps: AuthenticateDeps): (request: FastifyRequest) => Promise<void> {
  const adminDigest = deps.adminApiKey === null ? null : sha256(deps.adminApiKey);

  function isOperator(token: string): boolean {
    return adminDigest !== null && timingSafeEqual(sha256(token), adminDigest);
  }

  async function identify(token: string): Promise<Caller | null> {
    const owner = token.startsWith('gw_') ? await deps.apiKeys.check(token) : null;
    if (owner !== null) return owner;
    if (isOperator(token)) return operator;
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return null;
    const holder = await deps.checkToken(token);
    if (holder === null) return null;
    await ensureAccount(deps, holder.accountId);
    return { ...holder, keyId: null };
  }

  async function authenticate(request: FastifyRequest): Promise<Caller> {
    const known = request.routeOptions.config.identify?.(request) ?? null;
    if (known !== null) return known;
    const token = readToken(request);
    if (token === null) throw unauthenticated();
    // Who showed a good key a moment ago is let in, whoever else guesses at the same address.
    const recalled = deps.apiKeys.recall(token);
    if (recalled !== null) return recalled;
    const limited = deps.failuresPerMinute > 0;
    if (limited) refuseGuesser(deps, addressKey(request.ip));
    const caller = await identify(token);
    if (caller !== null) return caller;
    if (limited) deps.failures.take(addressKey(request.ip), deps.failuresPerMinute);
    throw unauthenticated();
  }

  return async (request) => {
    const scope = request.routeOptions.config.scope;
    request.caller = nobody;
    request.account = null;
    // Before the body is read: what is sent to nowhere has no faults worth naming.
    if (request.is404) throw notFound('route');
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

function refuseGuesser(deps: AuthenticateDeps, address: string): void {
  const allowance = deps.failures.peek(address, deps.failuresPerMinute);
  if (allowance.allowed) return;
  throw new Refusal('rate_limited', 'Too many failed credentials from this address; try again later', {
    retryAfterMs: allowance.retryAfterMs,
  });
}

async function ensureAccount(
  deps: Pick<AuthenticateDeps, 'sql' | 'accounts'>,
  accountId: string,
): Promise<void> {
  if ((await deps.accounts.find(accountId)) !== null) return;
  await insertAccount(deps.sql, { id: accountId, name: accountId });
  deps.accounts.forget(accountId);
}

/** The token of `Authorization: Bearer`, else of `x-api-key`, else (on pages for browsers) the password of Basic. */
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
