import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import type { Config } from '../../shared/config.ts';
import { Refusal } from '../../shared/domain/errors.ts';
import type { Scope } from './caller.ts';

/** Who a token speaks for. */
export type TokenHolder = { accountId: string; scopes: ReadonlySet<Scope> };

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

/** As the schema says of account ids. */
const accountIdShape = /^[A-Za-z0-9._:@|-]{1,255}$/;

export type TokenSettings = Pick<
  Config['auth'],
  'jwtSecret' | 'jwksUrl' | 'issuer' | 'audience' | 'adminScope'
> & {
  /** An unknown key id makes us ask the identity provider again, at most this often. */
  jwksCooldownMs?: number;
};

/** How long keys serve when the identity provider cannot be asked for newer ones. */
const staleMsMax = 24 * 3600 * 1000;

/**
 * Verifies JWTs. The algorithm list is fixed by what is configured: HS256 with the secret, public-key algorithms with the
 * key set. A token's `alg` only selects between the two, so no public key is ever used as a shared secret. Null for every
 * token that is not good; 503 when the identity provider's keys cannot be had.
 */
export function createTokenCheck(settings: TokenSettings): (token: string) => Promise<TokenHolder | null> {
  const secret = settings.jwtSecret === null ? null : new TextEncoder().encode(settings.jwtSecret);
  const keySet =
    settings.jwksUrl === null ? null : createKeySet(settings.jwksUrl, settings.jwksCooldownMs ?? 10_000);
  const claims = {
    requiredClaims: ['exp', 'sub'],
    ...(settings.issuer === null ? {} : { issuer: settings.issuer }),
    ...(settings.audience === null ? {} : { audience: settings.audience }),
  };

  async function verify(token: string): Promise<JWTPayload | null> {
    const { alg } = decodeProtectedHeader(token);
    if (alg === 'HS256' && secret !== null) {
      return (await jwtVerify(token, secret, { ...claims, algorithms: ['HS256'] })).payload;
    }
    if (alg !== undefined && publicKeyAlgorithms.includes(alg) && keySet !== null) {
      return (await jwtVerify(token, keySet, { ...claims, algorithms: publicKeyAlgorithms })).payload;
    }
    return null;
  }

  return async (token) => {
    try {
      const payload = await verify(token);
      if (payload === null || typeof payload.sub !== 'string' || !accountIdShape.test(payload.sub))
        return null;
      const admin = isAdmin(payload['scope'], settings.adminScope);
      return {
        accountId: payload.sub,
        scopes: new Set<Scope>(admin ? ['jobs', 'read', 'admin'] : ['jobs', 'read']),
      };
    } catch (error) {
      if (error instanceof Refusal) throw error;
      return null;
    }
  };
}

/** Whole words only: `gateway:administrator` is not `gateway:admin`. */
function isAdmin(scope: unknown, adminScope: string): boolean {
  if (Array.isArray(scope)) return scope.includes(adminScope);
  return typeof scope === 'string' && scope.split(' ').includes(adminScope);
}

/** The identity provider's keys, asked for when needed; the last ones go on serving while it cannot be asked. */
function createKeySet(url: string, cooldownMs: number): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(new URL(url), {
    cooldownDuration: cooldownMs,
    cacheMaxAge: 600_000,
    timeoutDuration: 5000,
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
