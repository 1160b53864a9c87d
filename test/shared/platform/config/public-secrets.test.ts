import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type ConfigError, parseConfig } from '../../../../src/shared/platform/config/config.ts';
import { startWarnings } from '../../../../src/shared/platform/config/start-warnings.ts';

const random = () => randomBytes(32).toString('hex');
const enough = () => ({
  ENVIRONMENT: 'production',
  DATABASE_URL: 'postgres://app:f3c9@localhost/gateway',
  REDIS_URL: 'redis://localhost',
  OPENAI_API_KEY: 'sk-a',
  ADMIN_API_KEY: random(),
  JWT_SECRET: random(),
  SECRETS_KEY: random(),
});

function mistakesOf(env: Record<string, string>): string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    return (error as ConfigError).mistakes;
  }
}

describe('outside development', () => {
  test('random secrets pass, as hex, base64 and base64url', () => {
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      const secret = randomBytes(32).toString(encoding);
      expect(mistakesOf({ ...enough(), ADMIN_API_KEY: secret, JWT_SECRET: secret })).toEqual([]);
    }
    expect(mistakesOf({ ...enough(), SECRETS_KEY: randomBytes(32).toString('base64') })).toEqual([]);
    expect(mistakesOf({ ...enough(), SECRETS_KEY_PREVIOUS: `${random()},${random()}` })).toEqual([]);
  });

  const known: [name: string, value: string][] = [
    ['ADMIN_API_KEY', 'change-this-operator-key-before-use-0123456789'],
    ['ADMIN_API_KEY', 'the-operator-key-of-these-tests-0123456789'],
    ['ADMIN_API_KEY', 'please-change-me-this-is-the-operator-key'],
    ['ADMIN_API_KEY', 'a'.repeat(40)],
    ['ADMIN_API_KEY', '0123456789'.repeat(4)],
    ['JWT_SECRET', 'change-this-signing-secret-before-use-0123456789'],
    ['JWT_SECRET', 'ab'.repeat(20)],
    ['JWT_SECRET', 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz'],
    ['SECRETS_KEY', 'Y2hhbmdlIHRoaXMga2V5IGJlZm9yZSB1c2UgMDEyMzQ='],
    ['SECRETS_KEY', Buffer.from('change this key before use 01234').toString('hex')],
    ['SECRETS_KEY', Buffer.alloc(32, 'development only').toString('base64')],
    ['SECRETS_KEY', Buffer.alloc(32).toString('hex')],
    ['SECRETS_KEY', Buffer.alloc(32, 'xyz').toString('base64')],
    ['SECRETS_KEY', Buffer.from(Array.from({ length: 32 }, (_, at) => at)).toString('hex')],
    ['DATABASE_URL', 'postgres://gateway_app:gateway_app@postgres:5432/gateway'],
    ['DATABASE_DIRECT_URL', 'postgres://gateway_owner:gateway_owner@postgres:5432/gateway'],
    ['METRICS_TOKEN', 'xxxxxxxx'],
  ];
  test.each(known)('%s=%s is refused, and not shown', (name, value) => {
    for (const ENVIRONMENT of ['staging', 'production']) {
      const mistakes = mistakesOf({ ...enough(), ENVIRONMENT, [name]: value });
      expect(mistakes).toHaveLength(1);
      expect(mistakes[0]).toMatch(new RegExp(`^${name}: got .*; allowed outside development: a random one`));
      expect(mistakes[0]).not.toContain(value);
    }
    expect(mistakesOf({ ...enough(), ENVIRONMENT: 'development', [name]: value })).toEqual([]);
  });
});

describe('what is allowed and dangerous is warned at the start', () => {
  const warned = (env: Record<string, string>) =>
    startWarnings(parseConfig({ ...enough(), ...env })).join('\n');

  test('webhooks to private addresses in production', () => {
    expect(warned({ WEBHOOK_ALLOW_PRIVATE: 'on' })).toMatch(/^WEBHOOK_ALLOW_PRIVATE=on/);
    expect(warned({})).toBe('');
  });

  test('metrics that nobody can read', () => {
    expect(warned({ HOST: '0.0.0.0' })).toMatch(/^METRICS_TOKEN is not set/);
    expect(warned({ HOST: '0.0.0.0', METRICS_TOKEN: 'a token of mine' })).toBe('');
    expect(parseConfig({ ...enough(), HOST: '0.0.0.0' }).http.metricsOpen).toBe(false);
    expect(parseConfig({ ...enough(), HOST: '127.0.0.1' }).http.metricsOpen).toBe(true);
  });

  test('development that others can reach', () => {
    expect(warned({ ENVIRONMENT: 'development', HOST: '::' })).toMatch(/^ENVIRONMENT=development on HOST=::/);
    expect(warned({ ENVIRONMENT: 'development', HOST: 'localhost' })).toBe('');
  });
});
