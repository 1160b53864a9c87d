import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTokenCheck } from '../../../src/api/auth/jwt.ts';
import { adminKey, jwtSecret, openTestServer, type TestServer } from '../test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

const bytes = (text: string) => new TextEncoder().encode(text);
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

function token(claims: Record<string, unknown>, secret = jwtSecret, alg = 'HS256'): Promise<string> {
  return new SignJWT({ exp: inAnHour(), ...claims }).setProtectedHeader({ alg }).sign(bytes(secret));
}

function unsigned(header: object, claims: object, sign: (input: string) => string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part(header)}.${part(claims)}`;
  return `${input}.${sign(input)}`;
}

const hmac = (input: string, secret: string, hash = 'sha256') =>
  createHmac(hash, secret).update(input).digest('base64url');

const badTokens: Record<string, () => string | Promise<string>> = {
  'another secret': () => token({ sub: 'a' }, 'another secret of at least thirty-two bytes'),
  'no signature (alg none)': () => unsigned({ alg: 'none' }, { sub: 'a', exp: inAnHour() }, () => ''),
  'alg none with a signature': () =>
    unsigned({ alg: 'none' }, { sub: 'a', exp: inAnHour() }, (input) => hmac(input, jwtSecret)),
  HS384: () =>
    unsigned({ alg: 'HS384' }, { sub: 'a', exp: inAnHour() }, (input) => hmac(input, jwtSecret, 'sha384')),
  'RS256 signed with the secret': () =>
    unsigned({ alg: 'RS256' }, { sub: 'a', exp: inAnHour() }, (input) => hmac(input, jwtSecret)),
  expired: () => token({ sub: 'a', exp: Math.floor(Date.now() / 1000) - 61 }),
  'not yet valid': () => token({ sub: 'a', nbf: inAnHour() }),
  'no exp': () => unsigned({ alg: 'HS256' }, { sub: 'a' }, (input) => hmac(input, jwtSecret)),
  'exp as text': () =>
    unsigned({ alg: 'HS256' }, { sub: 'a', exp: String(inAnHour()) }, (input) => hmac(input, jwtSecret)),
  'no sub': () => token({}),
  'an empty sub': () => token({ sub: '' }),
  'a sub with a control character': () => token({ sub: 'a b\n' }),
  'a sub with half a surrogate pair': () => token({ sub: 'a\ud800' }),
  'a sub of 256 characters': () => token({ sub: '\u{1f600}'.repeat(256) }),
  'issued in the future': () => token({ sub: 'a', iat: inAnHour() }),
  'a sub that is a list': () =>
    unsigned({ alg: 'HS256' }, { sub: ['a'], exp: inAnHour() }, (input) => hmac(input, jwtSecret)),
  'an unknown critical extension': () =>
    unsigned({ alg: 'HS256', crit: ['x'], x: 1 }, { sub: 'a', exp: inAnHour() }, (input) =>
      hmac(input, jwtSecret),
    ),
  'changed claims': async () => {
    const [header, , signature] = (await token({ sub: 'a' })).split('.');
    const claims = Buffer.from(JSON.stringify({ sub: 'b', exp: inAnHour() })).toString('base64url');
    return `${header}.${claims}.${signature}`;
  },
  'a cut signature': async () => (await token({ sub: 'a' })).slice(0, -4),
  garbage: () => 'abc.def.ghi',
  'no token at all': () => 'hello',
};

describe('JWT', () => {
  test.each(Object.entries(badTokens))('refuses %s', async (_name, make) => {
    const answer = await server.call('GET /v1/balance', { as: await make() });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.json.error_type).toBe('authentication_error');
    expect(answer.json.detail).toMatch(/^No valid credential/);
  });

  test('creates its account with nothing on first sight', async () => {
    const answer = await server.call('GET /v1/balance', { as: await token({ sub: 'auth0|new-user' }) });
    expect(answer.status).toBe(200);
    expect(answer.json.total_usd).toBe('0.000000000');
    const [first, second] = await Promise.all(
      [1, 2].map(async () => server.call('GET /v1/keys', { as: await token({ sub: 'user@clients' }) })),
    );
    expect([first?.status, second?.status]).toEqual([200, 200]);
  });

  test.each([
    ['gateway:admin', 200],
    ['openid gateway:admin profile', 200],
    [['openid', 'gateway:admin'], 200],
    ['gateway:administrator', 403],
    ['xgateway:admin', 403],
    [['gateway:admin profile'], 403],
    [undefined, 403],
  ])('scope %j gives %i on an operator route', async (scope, status) => {
    const as = await token({ sub: 'someone', scope });
    expect((await server.call('GET /v1/admin/accounts', { as })).status).toBe(status);
  });

  test('issuer and audience are checked when they are configured', async () => {
    const check = createTokenCheck({
      jwtSecret,
      jwksUrl: null,
      issuer: 'https://us',
      audience: 'gateway',
      adminScope: 'gateway:admin',
    });
    expect(await check(await token({ sub: 'a', iss: 'https://us', aud: ['x', 'gateway'] }))).not.toBeNull();
    expect(await check(await token({ sub: 'a', iss: 'https://them', aud: 'gateway' }))).toBeNull();
    expect(await check(await token({ sub: 'a', iss: 'https://us', aud: 'other' }))).toBeNull();
    expect(await check(await token({ sub: 'a' }))).toBeNull();
  });
});

describe('JWKS', () => {
  let provider: Server;
  let answer: { keys: object[] } | null = { keys: [] };
  let asked = 0;
  let url = '';
  beforeAll(async () => {
    provider = createServer((_request, response) => {
      asked += 1;
      if (answer === null) response.writeHead(500).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/jwks`;
  });
  afterAll(() => {
    provider.closeAllConnections();
    provider.close();
  });

  const settings = () => ({
    jwtSecret: null,
    jwksUrl: url,
    issuer: null,
    audience: null,
    adminScope: 'gateway:admin',
    jwksCooldownMs: 0,
  });
  async function newKey(alg: string, kid: string) {
    const pair = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' };
    const sign = (sub: string) =>
      new SignJWT({ sub, exp: inAnHour() }).setProtectedHeader({ alg, kid }).sign(pair.privateKey);
    return { jwk, sign };
  }

  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('takes %s', async (alg) => {
    const key = await newKey(alg, 'k1');
    answer = { keys: [key.jwk] };
    const check = createTokenCheck(settings());
    expect((await check(await key.sign('them')))?.accountId).toBe('them');
  });

  test('follows a rotation, and forgets the key that went', async () => {
    const [old, next] = [await newKey('ES256', 'old'), await newKey('ES256', 'next')];
    answer = { keys: [old.jwk] };
    const check = createTokenCheck(settings());
    expect(await check(await old.sign('a'))).not.toBeNull();
    answer = { keys: [next.jwk] };
    expect(await check(await next.sign('a'))).not.toBeNull();
    expect(await check(await old.sign('a'))).toBeNull();
  });

  test('unknown key ids cause no storm', async () => {
    const [known, unknown] = [await newKey('ES256', 'known'), await newKey('ES256', 'unknown')];
    answer = { keys: [known.jwk] };
    const check = createTokenCheck({ ...settings(), jwksCooldownMs: 60_000 });
    await check(await known.sign('a'));
    const before = asked;
    for (let n = 0; n < 20; n += 1) expect(await check(await unknown.sign('a'))).toBeNull();
    expect(asked - before).toBe(0);
  });

  test('the public key is no shared secret, and HS256 is not taken at all', async () => {
    const key = await newKey('RS256', 'k1');
    answer = { keys: [key.jwk] };
    const check = createTokenCheck(settings());
    for (const secret of [JSON.stringify(key.jwk), String(key.jwk.n)]) {
      const forged = unsigned({ alg: 'HS256', kid: 'k1' }, { sub: 'a', exp: inAnHour() }, (input) =>
        hmac(input, secret),
      );
      expect(await check(forged)).toBeNull();
    }
  });

  test('with both configured the algorithm decides, and neither opens the other', async () => {
    const key = await newKey('RS256', 'k1');
    answer = { keys: [key.jwk] };
    const check = createTokenCheck({ ...settings(), jwtSecret });
    expect(await check(await key.sign('a'))).not.toBeNull();
    expect(await check(await token({ sub: 'a' }))).not.toBeNull();
    const forged = unsigned({ alg: 'RS256', kid: 'k1' }, { sub: 'a', exp: inAnHour() }, (input) =>
      hmac(input, jwtSecret),
    );
    expect(await check(forged)).toBeNull();
  });

  test('old keys serve while the provider is away; with none it is a 503', async () => {
    const [key, unknown] = [await newKey('ES256', 'k1'), await newKey('ES256', 'k2')];
    answer = { keys: [key.jwk] };
    const check = createTokenCheck(settings());
    expect(await check(await key.sign('a'))).not.toBeNull();
    answer = null;
    expect(await check(await unknown.sign('a'))).toBeNull();
    expect(await check(await key.sign('a'))).not.toBeNull();
    const fresh = createTokenCheck(settings());
    await expect(fresh(await key.sign('a'))).rejects.toMatchObject({ type: 'unavailable' });
  });
});

describe('API keys', () => {
  test('come in either header', async () => {
    const { key } = await server.openAccount();
    expect((await server.call('GET /v1/balance', { as: key })).status).toBe(200);
    expect((await server.call('GET /v1/balance', { headers: { 'x-api-key': key } })).status).toBe(200);
    expect(
      (await server.call('GET /v1/balance', { headers: { authorization: `bearer ${key}` } })).status,
    ).toBe(200);
  });

  test('only a hash is stored', async () => {
    const { key, keyId } = await server.openAccount();
    const [row] =
      await server.owner`select secret_sha256, row_to_json(k)::text as text from api_keys k where id = ${keyId}`;
    expect(row?.['secret_sha256']).toHaveLength(32);
    expect(row?.['text']).not.toContain(key.split('_')[2]);
  });

  test('refuses malformed, unknown, changed and swapped ones', async () => {
    const [one, two] = [await server.openAccount(), await server.openAccount()];
    const secret = one.key.slice(one.key.indexOf('_', 3) + 1);
    const changed = one.key.slice(0, -1) + (one.key.endsWith('A') ? 'B' : 'A');
    for (const key of ['gw_', 'gw__', `gw_${one.keyId}_`, `gw_${one.keyId}`, changed, `${one.key}x`]) {
      expect((await server.call('GET /v1/balance', { as: key })).status).toBe(401);
    }
    for (const id of ['0'.repeat(20), two.keyId, "' or 1=1--"]) {
      expect((await server.call('GET /v1/balance', { as: `gw_${id}_${secret}` })).status).toBe(401);
    }
  });

  test('stop at their time, also from the cache', async () => {
    const { id, key } = await server.openAccount();
    const expires_at = new Date(Date.now() + 700).toISOString();
    const made = await server.call('POST /v1/keys', { as: key, body: { expires_at } });
    expect([made.status, made.json.account_id]).toEqual([201, id]);
    expect((await server.call('GET /v1/balance', { as: made.json.key })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 750));
    expect((await server.call('GET /v1/balance', { as: made.json.key })).status).toBe(401);
  });

  test('stop at once where they are revoked, and within 5 s elsewhere', async () => {
    const { key } = await server.openAccount();
    const made = await server.call('POST /v1/keys', { as: key });
    expect((await server.call('GET /v1/balance', { as: made.json.key })).status).toBe(200);
    const gone = await server.call(`DELETE /v1/keys/${made.json.id}`, { as: key });
    expect(gone.json).toEqual({ id: made.json.id, object: 'api_key', deleted: true });
    expect((await server.call('GET /v1/balance', { as: made.json.key })).status).toBe(401);
    expect((await server.call(`DELETE /v1/keys/${made.json.id}`, { as: key })).status).toBe(404);

    const elsewhere = await server.call('POST /v1/keys', { as: key });
    expect((await server.call('GET /v1/balance', { as: elsewhere.json.key })).status).toBe(200);
    await server.sql`update api_keys set revoked_at = now() where id = ${elsewhere.json.id}`;
    await new Promise((resolve) => setTimeout(resolve, 4500));
    expect((await server.call('GET /v1/balance', { as: elsewhere.json.key })).status).toBe(401);
  }, 10_000);
});

describe('scopes', () => {
  const routes: [string, 'read' | 'jobs' | 'admin'][] = [
    ['GET /v1/balance', 'read'],
    ['GET /v1/transactions', 'read'],
    ['GET /v1/usage', 'read'],
    ['GET /v1/keys', 'read'],
    ['GET /v1/models', 'read'],
    ['POST /v1/keys', 'jobs'],
    ['DELETE /v1/keys/x', 'jobs'],
    ['GET /v1/admin/accounts', 'admin'],
    ['POST /v1/admin/accounts', 'admin'],
    ['GET /v1/admin/accounts/x', 'admin'],
    ['PATCH /v1/admin/accounts/x', 'admin'],
    ['POST /v1/admin/accounts/x/credits', 'admin'],
    ['POST /v1/admin/accounts/x/keys', 'admin'],
    ['DELETE /v1/admin/accounts/x/keys/y', 'admin'],
    ['GET /v1/admin/jobs', 'admin'],
    ['GET /v1/admin/ledger/check', 'admin'],
    ['GET /v1/admin/providers', 'admin'],
    ['POST /v1/admin/providers/openai/pause', 'admin'],
    ['POST /v1/admin/providers/openai/resume', 'admin'],
    ['GET /admin/queues', 'admin'],
    ['GET /admin/queues/api/queues', 'admin'],
  ];
  const rank = { read: 0, jobs: 1, admin: 2 };

  test.each(routes)('%s needs %s', async (request, needed) => {
    expect((await server.call(request)).status).toBe(401);
    for (const scope of ['read', 'jobs', 'admin'] as const) {
      const { key } = await server.openAccount({ scopes: [scope] });
      const answer = await server.call(request, { as: key });
      if (rank[scope] < rank[needed]) {
        expect([scope, answer.status, answer.json.error_type]).toEqual([scope, 403, 'permission_denied']);
      } else expect([401, 403]).not.toContain(answer.status);
    }
  });

  test("the operator's key has no account", async () => {
    expect((await server.call('GET /v1/balance', { as: adminKey })).status).toBe(403);
    expect((await server.call('GET /v1/admin/accounts', { as: adminKey })).status).toBe(200);
    expect((await server.call('GET /v1/admin/accounts', { as: `${adminKey}x` })).status).toBe(401);
  });

  test("nobody makes an operator's key for himself", async () => {
    for (const scope of ['jobs', 'admin'] as const) {
      const { key } = await server.openAccount({ scopes: [scope] });
      const answer = await server.call('POST /v1/keys', { as: key, body: { scopes: ['jobs', 'admin'] } });
      expect([answer.status, answer.json.error_type]).toEqual([403, 'permission_denied']);
    }
  });

  test('a paused account may submit jobs, which wait, but no answer that is waited for, within a second', async () => {
    const { id, key } = await server.openAccount({ usd: '1' });
    const body = { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'hello' }] };
    await server.call(`PATCH /v1/admin/accounts/${id}`, { as: adminKey, body: { paused: true } });
    expect((await server.call('POST /v1/chat/completions', { as: key, body })).status).toBe(403);
    const submitted = await server.call('POST /v1/jobs', { as: key, body: { request: body } });
    expect(submitted.status).toBe(202);
    expect((await server.call(`POST /v1/jobs/${submitted.json.id}/cancel`, { as: key })).status).toBe(200);
    expect((await server.call('GET /v1/balance', { as: key })).status).toBe(200);
    await server.sql`update accounts set paused = false where id = ${id}`;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((await server.call('POST /v1/chat/completions', { as: key, body: {} })).status).toBe(400);
  });
});
