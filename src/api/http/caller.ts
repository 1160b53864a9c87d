import type { FastifyRequest } from 'fastify';
import { Refusal } from '../../shared/errors.ts';
import type { QuotaName } from '../../shared/platform/config/quotas.ts';
import type { LimitedAccount } from '../auth/account-cache.ts';

/** What a credential may do: `jobs` implies `read`; `admin` is the operator, over all accounts. */
export type Scope = 'read' | 'jobs' | 'admin';

/** Who is calling. The operator's key has no account. */
export type Caller = {
  accountId: string | null;
  scopes: ReadonlySet<Scope>;
  /** The API key that was shown, or null for a token of an identity provider and for the operator's key. */
  keyId: string | null;
  /** When the credential ends; null when it does not by itself. */
  until: Date | null;
};

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler runs; on public routes it is nobody. */
    caller: Caller;
    /** Settings of the caller's account, at most a second old; null when there is no account. */
    account: LimitedAccount | null;
    /** What was wrong with the credential, for the log alone; null when nothing was. */
    credentialFault: string | null;
    /** SHA-256 of the raw body, in hex; of nothing when there is no body. */
    bodySha256: string;
  }
  interface FastifyContextConfig {
    /** What a caller needs to come in. Every route says it; the server does not start otherwise. */
    scope?: Scope | 'public';
    /**
     * Also take the operator's key as the password of Basic authentication: for pages that people open in a
     * browser.
     */
    basic?: boolean;
    /** The route's own way to know who is calling, tried before the others; null when it does not apply. */
    identify?(request: FastifyRequest): Promise<Caller | null>;
  }
}

/** The caller on public routes. */
export const nobody: Caller = { accountId: null, scopes: new Set(), keyId: null, until: null };

/** Whether the caller's scopes cover what is needed. */
export function mayUse(caller: Caller, needed: Scope): boolean {
  if (caller.scopes.has(needed) || caller.scopes.has('admin')) return true;
  return needed === 'read' && caller.scopes.has('jobs');
}

/** The caller's own account; 403 for the operator's key, which owns nothing. */
export function accountOf(request: FastifyRequest): string {
  const { accountId } = request.caller;
  if (accountId === null) {
    throw new Refusal(
      'permission_denied',
      'This credential belongs to no account; use an API key of the account',
    );
  }
  return accountId;
}

/** How much the caller's account may have of something. */
export function limitOf(request: FastifyRequest, name: QuotaName): number {
  // Whoever belongs to an account has one; whoever does not was refused before.
  return request.account?.limits[name] ?? 0;
}
