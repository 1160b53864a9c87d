import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testRedis } from '../support/redis.ts';
import { withDatabase } from '../support/servers.ts';

let database: TestDatabase;
const dir = mkdtempSync(join(tmpdir(), 'first-start-'));
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
  rmSync(dir, { recursive: true });
});

type Ended = { code: number | null; report: string };

/** Runs a script of ours until it ends by itself; what it said on standard error. */
async function run(script: string, args: string[], env: Record<string, string>, cwd = '.'): Promise<Ended> {
  const path = process.env['PATH'] ?? '';
  const all = { PATH: path, HOME: dir, ...env };
  const child = spawn(process.execPath, [resolve(script), ...args], {
    env: all,
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let report = '';
  child.stderr.on('data', (piece: Buffer) => {
    report += piece.toString();
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code, report };
}

const gateway = (role: string, env: Record<string, string>) => {
  const redis = testRedis();
  return run('dist/main.js', [role], {
    DATABASE_URL: database.appUrl,
    REDIS_URL: redis.url,
    REDIS_PREFIX: redis.prefix,
    OPENAI_API_KEY: 'sk-a',
    LOG_LEVEL: 'silent',
    ...env,
  });
};

function changed(url: string, change: (url: URL) => void): string {
  const other = new URL(url);
  change(other);
  return other.href;
}

describe('what is wrong at the first start is said in one sentence', () => {
  const wrong: [what: string, env: () => Record<string, string>, sentence: RegExp][] = [
    [
      'the password',
      () => ({
        DATABASE_URL: changed(database.appUrl, (url) => {
          url.password = 'wrong';
        }),
      }),
      /^configuration: DATABASE_URL: the server refuses the user or the password \(.*\)\n$/,
    ],
    [
      'the database',
      () => ({ DATABASE_URL: withDatabase(database.appUrl, 'nowhere') }),
      /^configuration: DATABASE_URL: there is no such database on that server \(.*\); create it\n$/,
    ],
    [
      'TLS where there is none',
      () => ({ DATABASE_URL: `${database.appUrl}?sslmode=require` }),
      /^(?:.*Warning.*\n)*configuration: DATABASE_URL: the server speaks no TLS; .*\n$/s,
    ],
    [
      'the host to listen on',
      () => ({ HOST: '192.0.2.1', PORT: '0' }),
      /^configuration: HOST: 192\.0\.2\.1 is no address of this machine; .*\n$/,
    ],
    [
      'the key of the secrets',
      () => ({ SECRETS_KEY: Buffer.alloc(32, 'of another installation').toString('hex') }),
      /^configuration: SECRETS_KEY: is not the one .*SECRETS_KEY_PREVIOUS.*\n$/,
    ],
  ];

  test.each(wrong)('%s', async (what, env, reports) => {
    // The first start that goes well says whose secrets these are.
    if (what === 'the key of the secrets') await gateway('api', { HOST: '192.0.2.1', PORT: '0' });
    const { code, report } = await gateway('api', env());
    expect(report).toMatch(reports);
    expect(code).toBe(78);
  });

  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { code, report } = await gateway('api', { PORT: String(port) });
    other.close();
    const isTaken = /^PORT: \d+ is taken by another process; .*\n$/;
    expect([code, report]).toEqual([1, expect.stringMatching(isTaken)]);
  });

  test('migrations by a user who may not make them', async () => {
    const { code, report } = await gateway('migrate', {
      DATABASE_URL: withDatabase(database.appUrl, 'postgres'),
    });
    expect(report).toMatch(/^configuration: DATABASE_DIRECT_URL: its user may not do this \(.*\); .*\n$/);
    expect(code).toBe(78);
  });

  test('a DATA_DIR that cannot be made', async () => {
    const file = join(dir, 'a-file');
    writeFileSync(file, '');
    const { code, report } = await run('dist-tools/tools/stack/start.js', [], {
      DATA_DIR: join(file, 'data'),
    });
    expect(report).toMatch(/^DATA_DIR: .*a-file\/data cannot be written \(ENOTDIR\); .*\n$/);
    expect(code).toBe(1);
  });

  test('a first line of .env that an editor put a byte order mark before counts', async () => {
    const folder = mkdtempSync(join(dir, 'env-'));
    writeFileSync(join(folder, '.env'), '\uFEFFDATA_DIR=/dev/null/data\r\nPORT=0\r\n');
    const { report } = await run('dist-tools/tools/stack/start.js', [], {}, folder);
    expect(report).toMatch(/^DATA_DIR: \/dev\/null\/data cannot be written/);
  });
});
