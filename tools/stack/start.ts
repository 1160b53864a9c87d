import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { readText } from '../../src/shared/platform/config/read-text.ts';
import { openDemoAccount } from './admin.ts';
import { badConfigurationExit, ProcessFailed } from './process-failed.ts';
import { type Stack, startStack } from './stack.ts';
import { onStopRequest } from './stop-request.ts';

const print = (line: string) => process.stderr.write(`${line}\n`);

async function start(): Promise<void> {
  readEnvFile('.env');
  const dataDir = resolve(process.env['DATA_DIR'] ?? '.data');
  const abort = new AbortController();
  const starting = startStack({
    dataDir,
    cacheDir: '.cache',
    given: process.env,
    print,
    signal: abort.signal,
  });
  let ending = false;
  const end = async (why: string, code: number) => {
    if (ending) return;
    ending = true;
    print(why);
    abort.abort(new Error('stopped before it was ready'));
    const started = await starting.catch(() => null);
    await started?.stop();
    process.exit(code);
  };
  onStopRequest(({ reason, code }) => void end(reason, code));

  const stack = await starting.catch((error: unknown) => {
    // Stopped on request: `end` says so and exits.
    if (ending) return null;
    throw error;
  });
  if (stack === null || ending) return;
  void stack.broke.then((how) => end(`${how}; stopping the rest`, 1));
  await announce(stack, dataDir).catch((error: unknown) =>
    end(error instanceof Error ? error.message : String(error), 1),
  );
}

/** What is set in the file and not in the environment. */
function readEnvFile(path: string): void {
  if (!existsSync(path)) return;
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    throw new ProcessFailed(
      `configuration: ${path}: cannot be read (${(error as Error).message})`,
      badConfigurationExit,
    );
  }
  for (const [name, value] of Object.entries(parseEnv(text))) process.env[name] ??= value;
}

/** Opens the demo account, writes down how to join, and only then says that all is ready. */
async function announce(stack: Stack, dataDir: string): Promise<void> {
  const apiKey = await openDemoAccount({ url: stack.url, key: stack.adminApiKey }, dataDir);
  writeDevFile(dataDir, stack, apiKey);
  print(
    `account demo, key in ${join(dataDir, 'dev.json')}; docs at ${stack.url}/docs; Ctrl-C stops everything`,
  );
  process.stdout.write(`ready ${stack.url}\n`);
}

function writeDevFile(dataDir: string, stack: Stack, apiKey: string): void {
  const file = {
    url: stack.url,
    api_key: apiKey,
    admin_key: stack.adminApiKey,
    database_url: stack.databaseUrl,
    redis_url: stack.redisUrl,
    simulator_url: stack.simulatorUrl,
    env: stack.env,
  };
  writeFileSync(join(dataDir, 'dev.json'), `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
}

start().catch((error: unknown) => {
  print(error instanceof Error ? error.message : String(error));
  process.exit(error instanceof ProcessFailed ? error.exitCode : 1);
});
