import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { newTempFolder } from '../support/temp-folder.ts';

// Plain scripts without types: loaded by URL, so that the compiler does not look for them.
const load = (name: string) => import(new URL(`../../scripts/${name}.mjs`, import.meta.url).href);
const { withoutOwnedVariables } = await load('owned-variables');
const { isInstalled } = await load('install-state');
const { onlyOne } = await load('only-one');

const newFolder = () => newTempFolder('bootstrap');

function write(path: string, content: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(content));
}

test('tests and demo see nothing of what is set up here', () => {
  const kept = {
    PATH: '/bin',
    HOME: '/home/me',
    HTTPS_PROXY: 'http://proxy',
    NODE_OPTIONS: '--enable-source-maps',
  };
  const hidden = [
    'DATABASE_URL',
    'DATABASE_DIRECT_URL_FILE',
    'REDIS_URL',
    'OPENAI_API_KEY',
    'ANTHROPIC_BASE_URL',
    'GEMINI_API_KEY_FILE',
    'GOOGLE_GEMINI_API_KEY',
    'PORT',
    'ENVIRONMENT',
    'SIMULATOR_URL',
    'PGSSLMODE',
  ];
  const env = { ...kept, ...Object.fromEntries(hidden.map((name) => [name, 'set'])) };
  expect(withoutOwnedVariables(env)).toEqual(kept);
});

describe('whether the dependencies are installed', () => {
  const entry = { version: '1.0.0', integrity: 'sha512-a' };
  function install(wanted: Record<string, unknown>, installed: Record<string, unknown> | null): string {
    const root = newFolder();
    write(join(root, 'package-lock.json'), { packages: { '': {}, ...wanted } });
    if (installed === null) return root;
    write(join(root, 'node_modules/.package-lock.json'), { packages: installed });
    for (const path of Object.keys(installed)) write(join(root, path, 'package.json'), {});
    return root;
  }

  test('they are, when npm lists what the lockfile asks for', () => {
    expect(isInstalled(install({ 'node_modules/a': entry }, { 'node_modules/a': entry }))).toBe(true);
  });

  test('they are not, when npm was interrupted', () => {
    expect(isInstalled(install({ 'node_modules/a': entry }, null))).toBe(false);
  });

  test.each([
    ['another version', { 'node_modules/a': { ...entry, version: '1.0.1' } }],
    ['other bytes', { 'node_modules/a': { ...entry, integrity: 'sha512-b' } }],
    ['no such package', {}],
  ])('they are not, when there is %s', (_what, installed) => {
    expect(isInstalled(install({ 'node_modules/a': entry }, installed))).toBe(false);
  });

  test('a listed package whose files are gone is not installed', () => {
    const root = install({ 'node_modules/a': entry }, { 'node_modules/a': entry });
    rmSync(join(root, 'node_modules/a'), { recursive: true });
    expect(isInstalled(root)).toBe(false);
  });

  test('builds for other systems need not be there', () => {
    const wanted = { 'node_modules/a': entry, 'node_modules/a-darwin': { ...entry, optional: true } };
    expect(isInstalled(install(wanted, { 'node_modules/a': entry }))).toBe(true);
  });
});

describe('installing and building', () => {
  test('is done by one command at a time', async () => {
    const lock = join(newFolder(), 'cache/lock');
    let inside = 0;
    const work = async () => {
      inside += 1;
      expect(inside).toBe(1);
      await new Promise((next) => setImmediate(next));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 3 }, () => onlyOne(lock, () => undefined, work)));
  });

  test('is taken over from a command that was killed', async () => {
    const lock = join(newFolder(), 'lock');
    writeFileSync(lock, '4194305');
    await expect(
      onlyOne(
        lock,
        () => undefined,
        async () => 'done',
      ),
    ).resolves.toBe('done');
  });
});
