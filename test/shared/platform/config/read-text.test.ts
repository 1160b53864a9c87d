import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../../../src/shared/platform/config/config.ts';
import { readLine, readText } from '../../../../src/shared/platform/config/read-text.ts';

const dir = mkdtempSync(join(tmpdir(), 'read-text-'));
afterAll(() => rmSync(dir, { recursive: true }));
function fileWith(bytes: Buffer | string): string {
  const path = join(dir, `file-${Math.random()}`);
  writeFileSync(path, bytes);
  return path;
}

const text = '{"a":"ü"}\r\n';
const swapped = (of: string) => Buffer.from(of, 'utf16le').swap16();
const saved: [how: string, bytes: Buffer][] = [
  ['UTF-8', Buffer.from(text)],
  ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${text}`)],
  ['UTF-16 as Windows saves it', Buffer.from(`\uFEFF${text}`, 'utf16le')],
  ['UTF-16 the other way round', swapped(`\uFEFF${text}`)],
];

describe.each(saved)('a file saved as %s', (_how, bytes) => {
  test('is read as what was written', () => {
    expect(readText(fileWith(bytes))).toBe(text);
    expect(readLine(fileWith(bytes))).toBe(text.trim());
  });
});

test('every file of the configuration may begin with a byte order mark and end with a line end', () => {
  const secret = 'a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6';
  const config = parseConfig({
    DATABASE_URL_FILE: fileWith('\uFEFFpostgres://localhost/gateway\r\n'),
    REDIS_URL: 'redis://localhost',
    ADMIN_API_KEY_FILE: fileWith(`\uFEFF${secret}\r\n\r\n`),
    MODELS_FILE: fileWith('\uFEFF{"models":[]}\r\n'),
    PROVIDERS_FILE: fileWith('\uFEFF{"providers":[]}\r\n'),
    KEY_OF_MINE_FILE: fileWith('\uFEFFsk-mine\r\n'),
  });
  expect(config.database.url).toBe('postgres://localhost/gateway');
  expect(config.auth.adminApiKey).toBe(secret);
  expect([config.modelsFile, config.providersFile]).toEqual([{ models: [] }, { providers: [] }]);
  expect(config.lookup('KEY_OF_MINE')).toBe('sk-mine');
});
