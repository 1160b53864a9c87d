import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createClientAddress, readForwarded } from '../../../src/api/http/client-address.ts';

const request = (remoteAddress: string, forwarded?: string) =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

describe('an address as a proxy writes it', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    [' 192.0.2.1:4711 ', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['"[2001:db8::1]:4711"', '2001:db8::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['unknown', null],
    ['', null],
    ['192.0.2', null],
    ['[192.0.2.1', null],
    ['_hidden', null],
    ['192.0.2.1:x', null],
  ])('%j is %j', (text, address) => {
    expect(readForwarded(text)).toBe(address);
  });
});

describe('the address of a client', () => {
  const behindProxies = createClientAddress(['10.0.0.0/8', 'loopback', '2001:db8:1::/48']);

  test('is the connection, whatever the header says, when no proxy is trusted', () => {
    expect(createClientAddress([])(request('192.0.2.9', '198.51.100.1'))).toBe('192.0.2.9');
    expect(behindProxies(request('192.0.2.9', '198.51.100.1'))).toBe('192.0.2.9');
  });

  test('is the nearest one that is not a trusted proxy', () => {
    expect(behindProxies(request('::ffff:10.0.0.1', '203.0.113.7, 198.51.100.1, 10.1.1.1'))).toBe(
      '198.51.100.1',
    );
    expect(behindProxies(request('127.0.0.1', '198.51.100.1:9999,[2001:db8:1::5]:80'))).toBe('198.51.100.1');
    expect(behindProxies(request('10.0.0.1', '10.0.0.2'))).toBe('10.0.0.2');
    expect(behindProxies(request('10.0.0.1'))).toBe('10.0.0.1');
  });

  test('is the last proxy where that passed on what is no address', () => {
    expect(behindProxies(request('10.0.0.1', '198.51.100.1, nonsense'))).toBe('10.0.0.1');
    expect(behindProxies(request('10.0.0.1', 'nonsense, 10.0.0.3'))).toBe('10.0.0.3');
  });
});
