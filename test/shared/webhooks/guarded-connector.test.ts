import type { LookupAddress } from 'node:dns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConnections } from '../../../src/shared/webhooks/connections.ts';
import { postWebhook } from '../../../src/shared/webhooks/post-webhook.ts';
import { hostileHosts } from '../../support/hostile-targets.ts';
import { openReceiver, type Receiver } from '../../workers/deliveries/receiver.ts';

let canaries: Receiver[];
beforeAll(async () => {
  canaries = [await openReceiver('127.0.0.1')];
});
afterAll(() => Promise.all(canaries.map((canary) => canary.close())));

const port = () => canaries[0]?.port ?? 0;
const touched = () => canaries.reduce((sum, canary) => sum + canary.connections(), 0);

async function post(
  host: string,
  answers: LookupAddress[][] = [],
  allowPrivate = false,
  scheme: 'http' | 'https' = 'http',
) {
  let lookups = 0;
  const resolve = async () => answers[Math.min(lookups++, answers.length - 1)] ?? [];
  const connections = createConnections({ policy: { allowPrivate }, resolve });
  const { signal } = new AbortController();
  const request = { url: `${scheme}://${host}:${port()}/`, headers: {}, body: Buffer.from('{}'), signal };
  const result = await postWebhook({ connections, now: Date.now }, request, {
    totalMsMax: 1500,
    answerBytesMax: 1024,
  });
  await connections.close();
  return { ...result, lookups };
}

const v4 = (address: string): LookupAddress => ({ address, family: 4 });
const v6 = (address: string): LookupAddress => ({ address, family: 6 });
const isName = (host: string) => /localhost/i.test(host);

describe('a connection to the inside', () => {
  it.each(hostileHosts.filter((host) => !isName(host)))('is never made to the literal %s', async (host) => {
    expect(await post(host)).toMatchObject({
      outcome: 'blocked',
      error: 'ssrf_blocked',
      lookups: 0,
      remoteIp: null,
    });
    expect(touched()).toBe(0);
  });

  it.each([
    ['loopback', [v4('127.0.0.1')]],
    ['a private range', [v4('10.1.2.3')]],
    ['metadata', [v4('169.254.169.254')]],
    ['IPv6 loopback', [v6('::1')]],
    ['a mapped address', [v6('::ffff:127.0.0.1')]],
    ['NAT64', [v6('64:ff9b::7f00:1')]],
    ['one inside answer among public ones', [v4('1.1.1.1'), v4('127.0.0.1'), v6('2606:4700:4700::1111')]],
    ['nothing', []],
  ])('is never made to a name that resolves to %s', async (_, addresses) => {
    expect(await post('hook.example.com', [addresses])).toMatchObject({
      outcome: 'blocked',
      error: 'ssrf_blocked',
    });
    expect(touched()).toBe(0);
  });

  it.each(['ENOTFOUND', 'ENODATA'])(
    'is reported in the same word when the name is unknown (%s)',
    async (code) => {
      const resolve = () => Promise.reject(Object.assign(new Error('not there'), { code }));
      const reported = async (allowPrivate: boolean) => {
        const connections = createConnections({ policy: { allowPrivate }, resolve });
        const request = {
          url: 'http://hook.example.com:8080/',
          headers: {},
          body: Buffer.from('{}'),
          signal: new AbortController().signal,
        };
        const limits = { totalMsMax: 1500, answerBytesMax: 1024 };
        const { outcome, error } = await postWebhook({ connections, now: Date.now }, request, limits);
        await connections.close();
        return [outcome, error];
      };
      expect(await reported(false)).toEqual(['blocked', 'ssrf_blocked']);
      expect(await reported(true)).toEqual(['failed', code]);
    },
  );

  it.each([22, 25, 443])('is never made to a port like %i of a URL that is stored already', async (at) => {
    let lookups = 0;
    const resolve = async () => {
      lookups += 1;
      return [v4('127.0.0.1')];
    };
    const connections = createConnections({ policy: { allowPrivate: false }, resolve });
    const request = {
      url: `https://hook.example.com:${at}/`,
      headers: {},
      body: Buffer.from('{}'),
      signal: new AbortController().signal,
    };
    const limits = { totalMsMax: 1500, answerBytesMax: 1024 };
    const { outcome } = await postWebhook({ connections, now: Date.now }, request, limits);
    await connections.close();
    expect([outcome, lookups]).toEqual(['blocked', at === 443 ? 1 : 0]);
  });

  it('is never made to a name that changes its answer after the check', async () => {
    // Only one lookup is ever made for a connection: there is nothing to change.
    const rebinding = [[v4('192.0.2.1')], [v4('127.0.0.1')]];
    expect(await post('rebind.example.com', rebinding)).toMatchObject({ lookups: 1 });
    const public_ = [[v4('1.1.1.1')], [v4('127.0.0.1')]];
    expect(await post('rebind.example.com', public_)).toMatchObject({ lookups: 1 });
    expect(touched()).toBe(0);
  });

  it('is made where it is allowed: loopback in local development, but never link-local or metadata', async () => {
    for (const inside of ['169.254.169.254', 'fe80::1', 'fd00:ec2::254', '168.63.129.16', '0.0.0.0']) {
      const address = inside.includes(':') ? v6(inside) : v4(inside);
      expect(await post('hook.example.com', [[address]], true)).toMatchObject({ outcome: 'blocked' });
    }
    expect(await post('127.0.0.1', [], true)).toMatchObject({ outcome: 'delivered', remoteIp: '127.0.0.1' });
    expect(await post('hook.example.com', [[v4('127.0.0.1')]], true)).toMatchObject({ outcome: 'delivered' });
  });

  it('tells the address it reached even when the handshake fails', async () => {
    const result = await post('127.0.0.1', [], true, 'https');
    expect(result).toMatchObject({ statusCode: null, remoteIp: '127.0.0.1' });
  });
});
