import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findOnPath } from '../../../tools/stack/find-redis.ts';
import { librariesIn } from '../../../tools/stack/unpack-from-debian.ts';
import { newTempFolder } from '../../support/temp-folder.ts';

function folderWith(...servers: string[]): string {
  const folder = newTempFolder('path');
  for (const server of servers) {
    writeFileSync(join(folder, server), '');
    chmodSync(join(folder, server), 0o755);
  }
  return folder;
}

describe('a Redis on the PATH', () => {
  test('is found in any of its folders', () => {
    const folder = folderWith('redis-server');
    expect(findOnPath(`/nowhere:${folder}`)).toBe(join(folder, 'redis-server'));
  });

  test('may be a Valkey, when there is no Redis', () => {
    const [valkey, redis] = [folderWith('valkey-server'), folderWith('redis-server')];
    expect(findOnPath(valkey)).toBe(join(valkey, 'valkey-server'));
    expect(findOnPath(`${valkey}:${redis}`)).toBe(join(redis, 'redis-server'));
  });

  test('is missing when it is missing', () => {
    expect(findOnPath(folderWith('something-else'))).toBeNull();
  });
});

test('the libraries of a Debian package are its direct ones, without the C library', () => {
  const printed = [
    'redis-tools',
    '  Depends: adduser',
    '  Depends: libatomic1',
    '  Depends: libc6',
    ' |Depends: libjemalloc2',
    '    libelogind0',
    '  Suggests: ruby-redis',
    'redis-server',
    '  Depends: redis-tools',
    '  Depends: lua-cjson',
    '  Depends: libatomic1',
  ].join('\n');
  expect(librariesIn(printed)).toEqual(['libatomic1', 'libjemalloc2', 'lua-cjson']);
});
