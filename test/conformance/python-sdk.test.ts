import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, test } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway.ts';

const run = promisify(execFile);
/** The newest of each major that is in use. */
const versions = ['1.109.1', '2.54.0', '3.57.0'];
const installMsMax = 240_000;

let gateway: Gateway;
let key: string;

beforeAll(async () => {
  gateway = await startGateway({});
  ({ key } = await gateway.openAccount('python', '100'));
});
afterAll(() => gateway.close());

/**
 * A Python that has this version of the SDK, kept in the project's cache. Throws where there is no Python 3,
 * or no registry of its packages.
 */
async function pythonWith(version: string): Promise<string> {
  const folder = resolve('.cache', 'python', `openai-${version}`);
  if (existsSync(folder)) return `${folder}/bin/python`;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(resolve(folder, '..'), { recursive: true });
  try {
    await run(process.env['PYTHON'] ?? 'python3', ['-m', 'venv', unfinished]);
    const install = [
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--retries',
      '1',
      `openai==${version}`,
    ];
    await run(`${unfinished}/bin/pip`, install, { timeout: installMsMax });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return `${folder}/bin/python`;
}

test.concurrent.for(versions)(
  'the official OpenAI SDK %s for Python reads streams of chat completions and of Responses to their end, over silence',
  { timeout: installMsMax + 90_000 },
  async (version, { skip, expect: expectHere }) => {
    const python = await pythonWith(version).catch((error: Error) => {
      const why = `not tried with the OpenAI SDK ${version} for Python, which could not be installed: ${error.message.slice(0, 200)}`;
      process.stderr.write(`${why}\n`);
      return skip(why);
    });
    const env = { GW_URL: gateway.url, GW_KEY: key };
    const { stdout } = await run(python, ['test/conformance/python/openai_streams.py'], {
      env,
      timeout: 90_000,
    });
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expectHere(report).toMatchObject({
      version,
      responses: { first: 'response.created', last: 'response.completed' },
    });
    expectHere(report.chat.text).toContain('rivers');
    expectHere(report.responses.text).toContain('rivers');
    expectHere(report.chat.completion_tokens).toBeGreaterThan(0);
  },
);
