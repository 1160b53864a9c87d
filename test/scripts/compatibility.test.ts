import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = 'test/conformance';

/** The titles of tests that are written as text, which is all but those made from tables. */
function titles(): string[] {
  const tests = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
  return tests.flatMap((name) =>
    [...readFileSync(`${folder}/${name}`, 'utf8').matchAll(/^ {2}test\('([^']+)'/gm)].map(
      ([, title = '']) => title,
    ),
  );
}

test('docs/compatibility.md has a row for every conformance test, and none that failed', () => {
  const page = readFileSync('docs/compatibility.md', 'utf8');
  const missing = titles().filter((title) => !page.includes(`| \`${title}\` |`));
  expect(titles().length).toBeGreaterThan(15);
  expect(missing).toEqual([]);
  expect(page).not.toContain('**no**');
});
