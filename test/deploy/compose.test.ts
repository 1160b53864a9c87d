import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseConfig } from '../../src/shared/platform/config/config.ts';

const dir = mkdtempSync(join(tmpdir(), 'compose-secrets-'));
afterAll(() => rmSync(dir, { recursive: true }));
const compose = readFileSync('docker-compose.yml', 'utf8');

function makeSecrets(): void {
  execFileSync('sh', ['deploy/secrets/make-secrets.sh'], { env: { ...process.env, SECRETS_DIR: dir } });
}

/** What the containers of the gateway have in their environment. */
function environmentOfCompose(): Record<string, string> {
  const lines = /x-environment:.*\n((?: {2}.*\n)+)/.exec(compose)?.[1]?.split('\n') ?? [];
  const pairs = lines.flatMap((line) => {
    const [, name = '', value = ''] = /^ {2}([A-Z_]+): "?([^"]*)"?$/.exec(line) ?? [];
    return name === '' ? [] : [[name, value.replace(/^\/secrets/, dir).replace(/\$\{\w+:-(.*)\}/, '$1')]];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

test('the first start makes secrets that production takes, and later ones keep them', () => {
  for (const volume of ['owner', 'gateway', 'metrics', 'grafana']) mkdirSync(join(dir, volume));
  makeSecrets();
  const env = { ...environmentOfCompose(), OPENAI_API_KEY: 'sk-a', SIMULATOR_URL: '' };
  const first = parseConfig({ ...env, ENVIRONMENT: 'production' });
  makeSecrets();
  const second = parseConfig({ ...env, ENVIRONMENT: 'production' });
  expect(second.auth).toEqual(first.auth);
  expect(second.secretsKey).toEqual(first.secretsKey);
  expect(first.auth.adminApiKey).toMatch(/^admin_[0-9a-f]{64}$/);
  expect(first.auth.jwtSecret).toMatch(/^[0-9a-f]{64}$/);
  expect(first.database.directUrl).toBe(first.database.url);
});

test('no file for containers holds a secret, and the image runs as production', () => {
  for (const file of ['docker-compose.yml', 'deploy/postgres/roles.sh', 'deploy/prometheus/prometheus.yml']) {
    const text = readFileSync(file, 'utf8');
    expect(text).not.toMatch(/(?:PASSWORD|SECRET|KEY|TOKEN): *[^\s"]/);
    expect(text).not.toMatch(/password '/);
    expect(text).not.toMatch(/:\/\/\w+:\w+@/);
  }
  expect(compose.match(/owner-secrets:\/secrets\/owner/g)).toHaveLength(3);
  expect(readFileSync('Dockerfile', 'utf8')).toMatch(/^ENV .*ENVIRONMENT=production/m);
});
