import { expect, test } from 'vitest';
import { ConfigError, parseConfig } from '../../../../src/shared/platform/config/config.ts';

const enough = {
  DATABASE_URL: 'postgres://localhost/gateway',
  REDIS_URL: 'redis://localhost',
  OPENAI_API_KEY: 'sk-a',
};

function mistakesOf(env: Record<string, string>): string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

test('what is needed and nothing else is a configuration', () => {
  expect(mistakesOf(enough)).toEqual([]);
});

const wrong: [name: string, value: string, sentence: string][] = [
  ['PORT', '99999', 'a whole number from 0 to 65535'],
  ['ENVIRONMENT', 'prod', 'one of development, staging, production'],
  ['LOG_LEVEL', 'loud', 'one of fatal, error, warn, info, debug, trace, silent'],
  ['DATABASE_URL', 'mysql://x', 'a URL starting with postgres:// or postgresql://'],
  ['TRUST_PROXY', 'yes', 'addresses, ranges such as 10.0.0.0/8'],
  ['CORS_ORIGINS', 'foo', 'origins such as https://app.example'],
  ['CORS_ORIGINS', 'https://app.example/', 'origins such as https://app.example'],
  ['JWT_SECRET', 'short', 'at least 32 bytes'],
  ['SECRETS_KEY', 'short', '32 bytes'],
  ['WEBHOOK_ALLOW_PRIVATE', 'maybe', 'on or off'],
  ['WEBHOOK_RETRY_SECONDS', '5,x', 'numbers of seconds'],
  ['LANGFUSE_PUBLIC_KEY', 'pk', 'not built'],
  ['FAILPOINTS', 'bad=zz', 'name=action'],
  ['MODELS_FILE', '/nowhere.json', 'cannot read "/nowhere.json"'],
];
for (const [name, value, sentence] of wrong) {
  test(`${name}=${value} is refused by name and told what is allowed`, () => {
    const mistakes = mistakesOf({ ...enough, [name]: value });
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toContain(`${name}:`);
    expect(mistakes[0]).toContain(sentence);
  });
}

test('a secret that is wrong is not shown', () => {
  expect(mistakesOf({ ...enough, JWT_SECRET: 'hush' })[0]).not.toContain('hush');
});

for (const value of ['127.0.0.1', '10.0.0.0/8, ::1', 'loopback,uniquelocal']) {
  test(`TRUST_PROXY=${value} passes`, () => {
    expect(mistakesOf({ ...enough, TRUST_PROXY: value })).toEqual([]);
  });
}

test('all mistakes are told together, also those between variables', () => {
  const names = mistakesOf({
    ENVIRONMENT: 'production',
    PORT: '-1',
    DATABASE_URL: '',
    JWT_JWKS_URL: 'https://issuer.example/keys',
    MODELS_FILE: '/nowhere.json',
    PROVIDERS_FILE: '/nowhere.json',
    OPENAI_API_KEY_FILE: '/nowhere',
  }).map((mistake) => mistake.slice(0, mistake.indexOf(':')));
  expect(names.toSorted()).toEqual([
    'DATABASE_URL',
    'JWT_ISSUER, JWT_AUDIENCE',
    'MODELS_FILE',
    'OPENAI_API_KEY_FILE',
    'PORT',
    'PROVIDERS_FILE',
    'REDIS_URL',
    'SECRETS_KEY',
  ]);
});

test('without any provider it sentence how to have one', () => {
  const { OPENAI_API_KEY: _, ...rest } = enough;
  expect(mistakesOf(rest)).toEqual([expect.stringContaining('none is set')]);
});
