import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { type RequestInit, fetch as undiciFetch } from 'undici';
import { isAccountId } from '../../shared/accounts/rules/account-id.ts';
import { Refusal } from '../../shared/errors.ts';
import type { Config } from '../../shared/platform/config/config.ts';
import { openAgent } from '../../shared/platform/outgoing/open-agent.ts';
import { noProxy, type ProxySettings } from '../../shared/platform/outgoing/proxy-for.ts';
import type { Scope } from '../http/caller.ts';

/** Who a token speaks for. */
export type TokenHolder = { accountId: string; scopes: ReadonlySet<Scope>; until: Date | null };

const publicKeyAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** Clocks of two machines differ: a token is taken this long before it begins and after it ends. */
const leewaySeconds = 60;

export type TokenSettings = Pick<
  Config['auth'],
  'jwtSecret' | 'jwksUrl' | 'issuer' | 'audience' | 'adminScope'
> & {
  /** A token that ends later than this from now is refused; null or absent for any. */
  maxLifeSeconds?: number | null;
  /** An unknown key id makes us ask the identity provider again, at most this often. */
  jwksCooldownMs?: number;
  /** The way out to it; none when it is not given. */
  proxy?: ProxySettings;
};

/** The identity provider answers within this time, to the last byte. */
const keysMsMax = 5000;
/** How long keys serve when the identity provider cannot be asked for newer ones. */
const staleMsMax = 24 * 3600 * 1000;

/**
 * Verifies JWTs. The algorithm list is fixed by what is configured: HS256 with the secret, public-key
 * algorithms with the key set. A token's `alg` only selects between the two, so no public key is ever used as
 * a shared secret. Null for every token that is not good, and `explain` gets the reason, which is for the
 * log; 503 when the identity provider's keys cannot be had.
 */
export function createTokenCheck(
  settings: TokenSettings,
): (token: string, explain?: (fault: string) => void) => Promise<TokenHolder | null> {
  const secret = settings.jwtSecret === null ? null : new TextEncoder().encode(settings.jwtSecret);
  const keySet = settings.jwksUrl === null ? null : createKeySet(settings.jwksUrl, settings);
  const claims = {
    requiredClaims: ['exp', 'sub'],
    clockTolerance: leewaySeconds,
    ...(settings.issuer === null ? {} : { issuer: settings.issuer }),
    ...(settings.audience === null ? {} : { audience: settings.audience }),
  };

  async function verify(token: string): Promise<JWTPayload> {
    const { alg } = decodeProtectedHeader(token);
    if (alg === 'HS256' && secret !== null) {
      return (await jwtVerify(token, secret, { ...claims, algorithms: ['HS256'] })).payload;
    }
    if (alg !== undefined && publicKeyAlgorithms.includes(alg) && keySet !== null) {
      return (await jwtVerify(token, keySet, { ...claims, algorithms: publicKeyAlgorithms })).payload;
    }
    throw new Error('its algorithm is not one of those that are configured');
  }

  return async (token, explain = () => undefined) => {
    try {
      const payload = await verify(token);
      const fault = findFault(payload, settings.maxLifeSeconds ?? null);
      if (fault !== null || payload.sub === undefined) {
        explain(fault ?? 'it has no subject');
        return null;
      }
      return toHolder(payload, payload.sub, settings.adminScope);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      explain(error instanceof Error ? error.message : String(error));
      return null;
    }
  };
}

function toHolder(payload: JWTPayload, accountId: string, adminScope: string): TokenHolder {
  const admin = isAdmin(payload['scope'], adminScope);
  return {
    accountId,
    scopes: new Set<Scope>(admin ? ['jobs', 'read', 'admin'] : ['jobs', 'read']),
    // A time that a Date cannot hold is never.
    until: toDate((payload.exp ?? Number.POSITIVE_INFINITY) + leewaySeconds),
  };
}

function toDate(seconds: number): Date | null {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? null : date;
}

/**
 * What is wrong with the claims of a token whose signature, times, issuer and audience are right; null when
 * nothing is.
 */
function findFault({ sub, iat, exp }: JWTPayload, maxLifeSeconds: number | null): string | null {
  const now = Date.now() / 1000;
  if (typeof sub !== 'string' || !isAccountId(sub)) {
    return 'its subject is not a text of 1 to 255 characters without control characters';
  }
  if (iat !== undefined && iat > now + leewaySeconds) return 'it was issued in the future';
  if (maxLifeSeconds !== null && (exp ?? 0) > now + maxLifeSeconds + leewaySeconds) {
    return `it ends later than ${maxLifeSeconds} seconds from now`;
  }
  return null;
}

/** Whole words only: `gateway:administrator` is not `gateway:admin`. */
function isAdmin(scope: unknown, adminScope: string): boolean {
  if (Array.isArray(scope)) return scope.includes(adminScope);
  return typeof scope === 'string' && scope.split(' ').includes(adminScope);
}

/**
 * The identity provider's keys, asked for when needed; the last ones go on serving while it cannot be asked.
 */
function createKeySet(
  url: string,
  { jwksCooldownMs: cooldownMs = 10_000, proxy = noProxy }: TokenSettings,
): JWTVerifyGetKey {
  const dispatcher = openAgent({ proxy, connectMs: keysMsMax });
  const remote = createRemoteJWKSet(new URL(url), {
    cooldownDuration: cooldownMs,
    cacheMaxAge: 600_000,
    timeoutDuration: keysMsMax,
    [customFetch]: (from, options) =>
      undiciFetch(from, { ...options, dispatcher } as RequestInit) as unknown as Promise<Response>,
  });
  let freshAt = 0;
  let failedAt = Number.NEGATIVE_INFINITY;

  function stale(): JWTVerifyGetKey | null {
    const last = remote.jwks();
    return last !== undefined && Date.now() - freshAt < staleMsMax ? createLocalJWKSet(last) : null;
  }

  return async (header, token) => {
    const resting = !remote.fresh && Date.now() - failedAt < cooldownMs;
    const known = resting ? stale() : null;
    if (known !== null) return await known(header, token);
    try {
      const key = await remote(header, token);
      if (remote.fresh) freshAt = Date.now();
      return key;
    } catch (error) {
      if (isAboutToken(error)) throw error;
      failedAt = Date.now();
      const last = stale();
      if (last !== null) return await last(header, token);
      const text = 'The keys of the identity provider cannot be had; try again';
      throw new Refusal('unavailable', text, {}, error);
    }
  };
}

/** The key set was there and has no single key for this token; else it could not be had. */
function isAboutToken(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys;
}
