import { describe, expect, test } from 'vitest';
import { checkWebhookUrl, refuseAddress } from '../../src/shared/webhook-target.ts';

const strict = { allowPrivate: false };
const local = { allowPrivate: true };

/** Literals in every encoding that URL parsers accept, and addresses that lead inside without looking so. */
const hostileUrls = [
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.1/',
  'https://017700000001/',
  'https://0/',
  'https://0.0.0.0/',
  'https://127.0.0.1./',
  'https://１２７.０.０.１/',
  'https://localhost/',
  'https://localhost./',
  'https://a.localhost/',
  'https://LOCALHOST/',
  'https://10.0.0.1/',
  'https://172.16.0.1/',
  'https://172.31.255.255/',
  'https://192.168.1.1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://169.254.1.1/',
  'https://100.64.0.1/',
  'https://100.100.100.200/',
  'https://168.63.129.16/',
  'https://192.0.0.1/',
  'https://192.0.2.1/',
  'https://198.18.0.1/',
  'https://198.51.100.1/',
  'https://203.0.113.1/',
  'https://224.0.0.1/',
  'https://240.0.0.1/',
  'https://255.255.255.255/',
  'https://[::1]/',
  'https://[::]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::ffff:10.0.0.1]/',
  'https://[::127.0.0.1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[64:ff9b:1::1]/',
  'https://[2002:7f00:1::]/',
  'https://[2001::1]/',
  'https://[fe80::1]/',
  'https://[fec0::1]/',
  'https://[fc00::1]/',
  'https://[fd00:ec2::254]/',
  'https://[ff02::1]/',
  'https://[100::1]/',
  'https://[100:0:0:1::1]/',
  'https://[2001:db8::1]/',
  'https://[4000::1]/',
  'https://[5f00::1]/',
  'https://[3fff::1]/',
  'http://example.com/',
  'ftp://example.com/',
  'file:///etc/passwd',
  'gopher://example.com/',
  'javascript:alert(1)',
  'https://user:pass@example.com/',
  'https://user@example.com/',
  'https://example.com/#fragment',
  'not a url',
  '',
  `https://example.com/${'a'.repeat(2048)}`,
];

describe('a webhook URL', () => {
  test.each(hostileUrls)('%s is refused', (url) => {
    expect(checkWebhookUrl(url, strict)).not.toBeNull();
  });

  test.each([
    'https://example.com/hooks',
    'https://93.184.216.34/',
    'https://[2606:2800:220:1::1]/',
    'https://example.com:8443/?a=b',
  ])('%s is taken', (url) => {
    expect(checkWebhookUrl(url, strict)).toBeNull();
  });

  test.each([
    'http://127.0.0.1:9/',
    'http://localhost/',
    'http://10.0.0.1/',
    'https://[::1]/',
    'https://[fd12::1]/',
  ])('%s is taken where private addresses are allowed', (url) => {
    expect(checkWebhookUrl(url, local)).toBeNull();
  });

  test.each([
    'http://169.254.169.254/',
    'http://[fe80::1]/',
    'http://[fd00:ec2::254]/',
    'http://168.63.129.16/',
    'http://0.0.0.0/',
  ])('%s is refused even there', (url) => {
    expect(checkWebhookUrl(url, local)).not.toBeNull();
  });
});

test('an address is judged by what it reaches, however it is written', () => {
  expect(refuseAddress('::ffff:8.8.8.8', strict)).toBeNull();
  expect(refuseAddress('::ffff:127.0.0.1', strict)).toContain('loopback');
  expect(refuseAddress('', strict)).toContain('not an address');
});
