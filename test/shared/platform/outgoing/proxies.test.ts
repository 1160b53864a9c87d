import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenCheck } from '../../../../src/api/auth/jwt.ts';
import { type ProxySettings, proxyFor } from '../../../../src/shared/platform/outgoing/proxy-for.ts';
import { createConnections } from '../../../../src/shared/webhooks/connections.ts';
import { postWebhook } from '../../../../src/shared/webhooks/post-webhook.ts';
import { connect, failed, startBench, textOf } from '../../../workers/providers/setup.ts';

let bench: Awaited<ReturnType<typeof startBench>>;
let proxy: Server;
/** What the proxy was asked for: whole URLs, and authorities after CONNECT. */
let asked: { target: string; authorization: string | undefined }[];
/** Where every name leads that only the proxy knows. */
let inside: URL;
let settings: ProxySettings;
let isSilent = false;

beforeAll(async () => {
  bench = await startBench();
  proxy = createServer(async (request, response) => {
    note(request);
    const wanted = new URL(request.url ?? '');
    const answer = await fetch(new URL(`${wanted.pathname}${wanted.search}`, inside), {
      method: request.method ?? 'GET',
      headers: { 'content-type': 'application/json' },
      ...(request.method === 'GET' ? {} : { body: Buffer.concat(await request.toArray()) }),
    });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  proxy.on('connect', (request: IncomingMessage, client: Socket) => {
    note(request);
    if (isSilent) return;
    const server = connectTcp(Number(inside.port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      server.pipe(client).pipe(server);
    });
    for (const socket of [client, server]) socket.on('error', () => undefined);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = `http://user:pass%21@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  settings = { http: url, https: url, except: 'localhost' };
});
beforeEach(() => {
  asked = [];
  inside = new URL(bench.url);
  isSilent = false;
});
afterAll(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await bench.close();
});

function note({ url = '', headers }: IncomingMessage): void {
  asked.push({ target: url, authorization: headers['proxy-authorization'] });
}

const authorization = `Basic ${Buffer.from('user:pass!').toString('base64')}`;

describe('with a proxy in the environment', () => {
  it('providers are called through it, by the name that only it knows', async () => {
    const provider = connect('compatible', 'http://llm.invalid', { proxy: settings });
    for (const stream of [false, true]) {
      const { answer } = await bench.call('compatible', 'hello', { provider, stream });
      expect(textOf(answer)).not.toBe('');
    }
    const call = { target: 'http://llm.invalid/v1/chat/completions', authorization };
    expect(asked).toEqual([call, call]);
    await provider.close();
  });

  it('a provider behind TLS is reached by a tunnel', async () => {
    const provider = connect('compatible', 'https://llm.invalid', { proxy: settings });
    const { answer } = await bench.call('compatible', 'hello', { provider });
    // There is no TLS behind this tunnel; that it was asked for is what matters here.
    failed(answer);
    expect(asked).toEqual([{ target: 'llm.invalid:443', authorization }]);
    await provider.close();
  });

  it('a proxy that says nothing holds a call no longer than its limits', async () => {
    isSilent = true;
    const limits = { proxy: settings, headersTimeoutMs: 300, totalTimeoutMs: 1000 };
    const provider = connect('compatible', 'https://llm.invalid', limits);
    const { answer } = await bench.call('compatible', 'hello', { provider });
    expect(failed(answer).failure.reason).toBe('unreachable');
    await provider.close();
  });

  it('excepted names are called directly', async () => {
    const url = bench.url.replace('127.0.0.1', 'localhost');
    const provider = connect('compatible', url, { proxy: settings });
    expect(textOf((await bench.call('compatible', 'hello', { provider })).answer)).not.toBe('');
    expect(asked).toEqual([]);
    await provider.close();
  });

  it('the keys of the identity provider are asked for through it', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const keys = createServer(async (_request, response) => {
      const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' };
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
    }).listen(0, '127.0.0.1');
    await once(keys, 'listening');
    inside = new URL(`http://127.0.0.1:${(keys.address() as AddressInfo).port}`);
    const token = await new SignJWT({ sub: 'ann' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setExpirationTime('1m')
      .sign(privateKey);
    const check = createTokenCheck({
      jwtSecret: null,
      jwksUrl: 'http://idp.invalid/keys',
      issuer: null,
      audience: null,
      adminScope: 'admin',
      proxy: settings,
    });
    expect(await check(token)).toMatchObject({ accountId: 'ann' });
    expect(asked.map(({ target }) => target)).toEqual(['http://idp.invalid/keys']);
    keys.closeAllConnections();
    keys.close();
  });
});

describe('a webhook with a proxy in the environment', () => {
  async function post(host: string, addresses: string[] | null, allowPrivate = false) {
    const resolve = async () => {
      if (addresses === null) throw new Error('not known here');
      return addresses.map((address) => ({ address, family: 4 as const }));
    };
    const connections = createConnections({ policy: { allowPrivate }, resolve, proxy: settings });
    const request = {
      url: `http://${host}/__simulator/meter?attempt_id=none`,
      headers: {},
      body: Buffer.from('{}'),
      signal: new AbortController().signal,
    };
    const result = await postWebhook({ connections, now: Date.now }, request);
    await connections.close();
    return result;
  }

  it('is posted through it, also to a name that is not known here', async () => {
    for (const addresses of [null, ['1.1.1.1']])
      expect(await post('hooks.invalid', addresses)).toMatchObject({ error: null, remoteIp: null });
    const call = { target: 'hooks.invalid:80', authorization };
    expect(asked).toEqual([call, call]);
  });

  it.each([
    ['a literal of the inside', '10.1.2.3', null],
    ['loopback', '127.0.0.1', null],
    ['a name that leads inside', 'hooks.invalid', ['1.1.1.1', '10.0.0.1']],
  ])('never asks it for %s', async (_, host, addresses) => {
    expect(await post(host, addresses)).toMatchObject({ outcome: 'blocked', error: 'ssrf_blocked' });
    expect(asked).toEqual([]);
  });
});

describe('which proxy a request takes', () => {
  const both = {
    http: 'http://plain:1',
    https: 'http://secure:2',
    except: 'a.example, .b.example:8443 *.c.example',
  };
  it.each<[string, ProxySettings, string | null]>([
    ['http://x.example', both, 'http://plain:1/'],
    ['https://x.example', both, 'http://secure:2/'],
    ['https://x.example', { ...both, https: null }, 'http://plain:1/'],
    ['http://x.example', { ...both, http: null }, null],
    ['https://a.example', both, null],
    ['https://sub.a.example', both, null],
    ['https://nota.example', both, 'http://secure:2/'],
    ['https://b.example:8443', both, null],
    ['https://b.example', both, 'http://secure:2/'],
    ['https://deep.c.example', both, null],
    ['https://x.example', { ...both, except: '*' }, null],
  ])('to %s', (origin, given, expected) => {
    expect(proxyFor(new URL(origin), given)?.href ?? null).toBe(expected);
  });
});
