import { describe, expect, it } from 'vitest';
import { checkWebhookUrl, mayContact } from '../../../src/shared/webhooks/webhook-target.ts';
import { hostileHosts, hostileUrls } from '../../support/hostile-targets.ts';

const guarded = { allowPrivate: false };
const local = { allowPrivate: true };

describe('a webhook URL at intake', () => {
  it.each([...hostileHosts.map((host) => `https://${host}/hook`), ...hostileUrls])('refuses %s', (url) => {
    expect(checkWebhookUrl(url, guarded)).toMatchObject({
      param: 'webhook_url',
      message: expect.any(String),
    });
  });

  it.each([
    'https://example.com',
    'https://example.com/hook?a=b&c=%20',
    'HTTPS://EXAMPLE.com:8443/hook',
    'https://1.1.1.1/hook',
    'https://[2606:4700:4700::1111]/hook',
    'https://xn--bcher-kva.example/hook',
    'https://bücher.example/hook',
    'https://example.com/a@b',
  ])('takes %s', (url) => {
    expect(checkWebhookUrl(url, guarded)).toBeNull();
  });

  it.each([
    'http://127.0.0.1:3000/hook',
    'http://localhost:3000/hook',
    'http://[::1]:3000/hook',
    'https://10.0.0.7/hook',
    'http://192.168.1.4/hook',
    'http://receiver/hook',
  ])('takes %s in local development', (url) => {
    expect(checkWebhookUrl(url, local)).toBeNull();
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://[fe80::1]/',
    'http://[fd00:ec2::254]/',
    'http://168.63.129.16/',
    'http://0.0.0.0/',
    'http://100.100.100.200/',
    'http://[::ffff:169.254.169.254]/',
    'http://2852039166/',
    'ftp://127.0.0.1/',
    'http://user:secret@127.0.0.1/',
  ])('refuses %s even in local development', (url) => {
    expect(checkWebhookUrl(url, local)).not.toBeNull();
  });

  it.each([
    ['https://example.com:22/', 'port'],
    ['https://example.com:25/', 'port'],
    ['https://example.com:80/', 'port'],
    ['https://example.com:1023/', 'port'],
    ['https://a..example/', 'exist'],
    ['https://../', 'exist'],
    [`https://${'a'.repeat(64)}.example/`, 'exist'],
    [`https://${'a.'.repeat(140)}example/`, 'exist'],
    ['https://-a.example/', 'exist'],
    ['https://exa\u200bmple.com/', 'seen'],
    ['https://exa\u00admple.com/', 'seen'],
  ])('refuses %s, whose %s is wrong', (url, word) => {
    expect(checkWebhookUrl(url, guarded)?.message).toContain(word);
  });

  it.each(['https://example.com:443/', 'https://example.com:1024/', 'https://example.com./'])(
    'takes %s',
    (url) => {
      expect(checkWebhookUrl(url, guarded)).toBeNull();
    },
  );

  it('says what is wrong', () => {
    expect(checkWebhookUrl(`https://example.com/${'a'.repeat(2048)}`, guarded)?.message).toContain('2048');
    expect(checkWebhookUrl('http://example.com/', guarded)?.message).toContain('https://');
    expect(checkWebhookUrl('https://a:b@example.com/', guarded)?.message).toContain('password');
    expect(checkWebhookUrl('https://example.com/#x', guarded)?.message).toContain('fragment');
  });
});

describe('an address', () => {
  it.each([
    'fe80::1%eth0',
    'not an address',
    '',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '4000::1',
  ])('is not contacted: %s', (address) => {
    expect(mayContact(address, guarded)).toBe(false);
  });
});
