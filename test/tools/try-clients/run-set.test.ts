import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClientSet } from '../../../tools/try-clients/client-set.ts';
import { runSet } from '../../../tools/try-clients/run-set.ts';

describe('the lines of a script', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'run-set-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (script: string, timeoutSeconds = 30) => {
    writeFileSync(join(folder, 'script.mjs'), script);
    const set: ClientSet = {
      name: 'one',
      folder,
      registry: 'npm',
      packages: [{ one: '1.0.0' }],
      command: [process.execPath, 'script.mjs'],
      timeoutSeconds,
    };
    const { signal } = new AbortController();
    const at = { url: 'http://gateway', key: 'key', signal, print: () => undefined };
    return runSet(set, { folder, env: {} }, at);
  };

  it('are counted, and others are not', async () => {
    const lines = ['ok a', 'a warning', 'not ok b: why', 'skipped c: no tool', 'ok d'];
    const found = await run(`console.log(${JSON.stringify(lines.join('\n'))}); process.exitCode = 1`);
    expect(found).toEqual({ passed: 2, failed: ['b: why'], skipped: ['c: no tool'] });
  });

  it('know where the gateway is', async () => {
    const found = await run("console.log('not ok ' + process.env.GW_URL + ' ' + process.env.GW_KEY)");
    expect(found.failed).toEqual(['http://gateway key']);
  });

  it.each([
    ['tries nothing', '', /tried nothing/],
    ['ends badly after a case', "console.log('ok a'); throw new Error('gone')", /code 1[\s\S]*gone/],
    ['does not end', "console.log('ok a'); setInterval(() => {}, 1000)", /had not ended after 1 s/],
  ])('are a failure where the script %s', async (_, script, why) => {
    const found = await run(script, 1);
    expect(found.failed).toEqual([expect.stringMatching(why)]);
  });
});
