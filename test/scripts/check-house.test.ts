import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const run = promisify(execFile);
let house: string;

beforeEach(async () => {
  house = mkdtempSync(join(tmpdir(), 'house-'));
  await run('git', ['init', '--quiet'], { cwd: house });
  mkdirSync(join(house, 'docs'));
  cpSync(resolve('docs/glossary.md'), join(house, 'docs/glossary.md'));
});
afterEach(() => rmSync(house, { recursive: true, force: true }));

async function check(files: Record<string, string>): Promise<string[]> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), text);
  }
  const result = await run('node', [resolve('scripts/check-house.mjs'), house]).catch((error) => error);
  return String(result.stderr).trim().split('\n').slice(0, -1);
}

const tested = { 'test/workers/dispatch/a.test.ts': '' };

test.each<[what: string, files: Record<string, string>, fault: RegExp]>([
  [
    'a banned word in prose',
    { 'docs/page.md': 'The errands of a job.\n' },
    /page\.md:1: “errands”: write background task/,
  ],
  ['a banned word in a comment', { 'src/shared/a/b.ts': '// An errand.\n' }, /b\.ts:1: “errand”/],
  [
    'a banned part of a name',
    { 'src/shared/a/b.ts': 'const myVerdictNews = 1;\n' },
    /“myVerdictNews”: write signal/,
  ],
  [
    'a comment that is too wide',
    { 'src/shared/a/b.ts': `// ${'word '.repeat(30)}\n` },
    /b\.ts:1: 1\d\d columns/,
  ],
  [
    'SQL that is too wide',
    { 'migrations/0001_a.sql': `select ${'column_name, '.repeat(10)}x\n` },
    /0001_a\.sql:1: \d+ columns/,
  ],
  [
    'SQL in one line, whatever texts are in it',
    {
      'test/a.test.ts': `await sql\`update jobs set state = 'a'${', column_name = 1'.repeat(6)}\`;\n`,
    },
    /a\.test\.ts:1: \d+ columns/,
  ],
  [
    'two texts on one line',
    { 'test/a.test.ts': `const text = '${'word '.repeat(12)}' + '${'word '.repeat(12)}';\n` },
    /a\.test\.ts:1: \d+ columns/,
  ],
  ['a file that is too long', { 'src/shared/a/b.ts': 'const x = 1;\n'.repeat(251) }, /b\.ts: 251 lines/],
  ['a loose file in shared', { 'src/shared/helpers.ts': '\n' }, /helpers\.ts: a loose file/],
  [
    'a statement outside sql',
    { 'src/shared/jobs/b.ts': 'await sql`select 1`;\n' },
    /b\.ts:1: a statement outside/,
  ],
  [
    'money that is moved outside its room',
    { 'src/shared/jobs/sql/b.ts': 'await sql`\n  update balances set held_nano = 0`;\n' },
    /b\.ts:2: money is moved/,
  ],
  [
    'a worker without a test',
    { 'src/workers/dispatch/a.ts': '\n' },
    /src\/workers\/dispatch\/a\.ts: no test/,
  ],
  [
    'a route without response schemas',
    {
      'src/api/routes/jobs/a.ts': "app.get('/v1/a', { schema: {} }, async () => ({}));\n",
      'test/api/routes/jobs/a.test.ts': '',
    },
    /a\.ts: a route without response schemas/,
  ],
  ['a route without a test', { 'src/api/routes/jobs/a.ts': '\n' }, /src\/api\/routes\/jobs\/a\.ts: no test/],
])('%s is a fault', async (_what, files, fault) => {
  const faults = await check(files);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(fault);
});

test('a house in order has none', async () => {
  expect(
    await check({
      ...tested,
      'src/workers/dispatch/a.ts': '/** Sends a signal. */\nexport const publish = 1;\n',
      'src/shared/jobs/sql/b.ts': 'await sql`select 1`;\n',
      'src/shared/money/sql/c.ts': 'await sql`update balances set held_nano = 0`;\n',
      'docs/page.md': 'Some words.\n',
    }),
  ).toEqual([]);
});
