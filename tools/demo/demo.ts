import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { callApi, openDemoAccount } from '../stack/admin.ts';
import { createProgressBar } from '../stack/progress.ts';
import { startStack } from '../stack/stack.ts';
import { onStopRequest } from '../stack/stop-request.ts';
import { type Base, runBatch } from './demo-batch.ts';
import { streamOne } from './demo-stream.ts';
import { receiveOne } from './demo-webhook.ts';

const print = (line: string) => process.stderr.write(`${line}\n`);
const show = (text: string) => process.stdout.write(text);

/** From the first line to the last; real providers included. */
const maxWaitMs = 5 * 60_000;

/**
 * The main job end to end, on real parts. Every promise it shows is checked; one that does not hold makes it
 * exit 1.
 */
async function demo(): Promise<number> {
  const real = process.argv.includes('--real');
  if (real) loadEnvFile();
  const dataDir = resolve(process.env['DATA_DIR'] ?? '.data', 'demo');
  const given = { ...(real ? process.env : {}), PORT: '0', WEBHOOK_ALLOW_PRIVATE: 'on', LOG_LEVEL: 'warn' };
  const abort = new AbortController();
  const starting = startStack({ dataDir, cacheDir: '.cache', given, print, signal: abort.signal });
  const end = async (reason: string, code: number) => {
    print(reason);
    abort.abort(new Error('stopped'));
    await starting.then(
      (stack) => stack.stop(),
      () => undefined,
    );
    process.exit(code === 0 ? 130 : code);
  };
  onStopRequest(({ reason, code }) => void end(reason, code));
  let finished = false;
  const deadline = setTimeout(
    () => void end(`not finished within ${maxWaitMs / 60_000} minutes`, 1),
    maxWaitMs,
  );
  const stack = await starting;
  void stack.broke.then((how) => {
    if (!abort.signal.aborted && !finished) void end(how, 1);
  });
  try {
    const operator = { url: stack.url, key: stack.adminApiKey };
    const base = { url: stack.url, key: await openDemoAccount(operator, dataDir) };
    return await showAll(base, operator, dataDir);
  } finally {
    finished = true;
    clearTimeout(deadline);
    print('stopping …');
    await stack.stop();
  }
}

async function showAll(base: Base, operator: Base, dataDir: string): Promise<number> {
  const broken: string[] = [];
  const promise = (kept: boolean, what: string) => {
    show(`${kept ? 'ok  ' : 'FAIL'} ${what}\n`);
    if (!kept) broken.push(what);
  };

  heading('1. A batch of real prompts over three providers');
  const { batch, output } = await runBatch(base, 'examples/prompts.jsonl', createProgressBar('lines'));
  const { total = 0, completed = 0 } = batch.request_counts ?? {};
  const path = keep(output, dataDir);
  promise(
    batch.status === 'completed' && total > 0 && completed === total,
    `${batch.id} ${batch.status}: ${completed} of ${total} lines succeeded; results in ${path}`,
  );

  heading('2. One job, live');
  const { equal } = await streamOne(base, show);
  show('\n');
  promise(equal, 'the text rebuilt from the events equals the stored result');

  heading('3. One signed webhook');
  const hook = await receiveOne(base);
  promise(hook.verified, `${hook.type} arrived and its signature is right (verified with standardwebhooks)`);

  heading('4. The statement');
  await showStatement(base, promise);

  heading('5. The ledger check');
  await showLedgerCheck(operator, promise);

  show(broken.length === 0 ? '\nEvery promise held.\n' : `\n${broken.length} promises did not hold.\n`);
  return broken.length === 0 ? 0 : 1;
}

function heading(text: string): void {
  show(`\n${text}\n${'─'.repeat(text.length)}\n`);
}

function keep(output: string, dataDir: string): string {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, 'results.jsonl');
  writeFileSync(path, output);
  return path;
}

type Entry = {
  type: string;
  amount_usd: string;
  available_usd: string;
  held_usd: string;
  description: string;
};

async function showStatement(base: Base, promise: (kept: boolean, what: string) => void): Promise<void> {
  const { body } = await callApi(base, 'GET', '/v1/transactions?limit=9');
  const entries = (body as { data: Entry[] }).data;
  show(`${'type'.padEnd(10)} ${'amount'.padStart(15)} ${'available'.padStart(15)} ${'held'.padStart(15)}\n`);
  for (const entry of entries) {
    const { type, amount_usd: amount, available_usd: available, held_usd: held } = entry;
    show(`${type.padEnd(10)} ${amount.padStart(15)} ${available.padStart(15)} ${held.padStart(15)}\n`);
  }
  const { body: balance } = await callApi(base, 'GET', '/v1/balance');
  const { available_usd: available, held_usd: held } = balance as { available_usd: string; held_usd: string };
  show(`balance: ${available} USD available, ${held} USD held\n`);
  promise(held === '0.000000000', 'nothing is held once every job has ended');
}

async function showLedgerCheck(
  operator: Base,
  promise: (kept: boolean, what: string) => void,
): Promise<void> {
  const { body } = await callApi(operator, 'GET', '/v1/admin/ledger/check');
  for (const check of (body as { checks: { name: string; ok: boolean }[] }).checks)
    promise(check.ok, check.name);
}

function loadEnvFile(): void {
  try {
    process.loadEnvFile('.env');
  } catch {
    // Without a file the environment alone is what was set up.
  }
}

demo()
  .then((code) => process.exit(code))
  .catch((error: unknown) => {
    print(error instanceof Error ? error.message : String(error));
    process.exit(1);
  });
