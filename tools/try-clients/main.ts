import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { callApi } from '../stack/admin.ts';
import { removePostgres } from '../stack/postgres-launcher.ts';
import { removeLeftovers } from '../stack/remove-leftovers.ts';
import { type Stack, startStack } from '../stack/stack.ts';
import { onStopRequest } from '../stack/stop-request.ts';
import { type ClientSet, readSets } from './client-set.ts';
import { install, type Packages } from './install.ts';
import { runSet } from './run-set.ts';
import { formatTable, type Row } from './table.ts';

const print = (line: string) => process.stderr.write(`${line}\n`);
const home = 'tools/try-clients';
const cacheDir = '.cache';
/** More than all sets together can hold, whatever bound of output their clients ask for. */
const creditUsd = '100000';

/**
 * Runs clients that others wrote, unmodified, against a whole gateway whose providers are the simulator.
 * Exits 1 when one does not get what it should.
 */
async function tryClients(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const sets = readSets(join(home, 'sets'), values.only ?? null);
  await removeLeftovers(resolve('.data'), 'try-clients');
  const dataDir = resolve('.data', `try-clients-${process.pid}`);
  const abort = new AbortController();
  const { signal } = abort;
  onStopRequest(({ reason }) => {
    print(reason);
    abort.abort(new Error('stopped'));
  });
  try {
    const given = { PORT: '0', LOG_LEVEL: 'error' };
    const stack = await startStack({ dataDir, cacheDir, given, print, signal });
    try {
      return await trySets(sets, stack, signal);
    } finally {
      await stack.stop();
    }
  } finally {
    removePostgres(join(dataDir, 'postgres'));
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function trySets(sets: ClientSet[], stack: Stack, signal: AbortSignal): Promise<number> {
  const at = { url: stack.url, key: await openAccount(stack), signal };
  const rows: Row[] = [];
  for (const set of sets) {
    for (const packages of set.packages) {
      rows.push(await tryPackages(set, packages, at));
      signal.throwIfAborted();
    }
  }
  process.stdout.write(`\n${formatTable(rows)}\n`);
  return rows.some(({ found }) => found.failed.length > 0) ? 1 : 0;
}

async function openAccount({ url, adminApiKey }: Stack): Promise<string> {
  const operator = { url, key: adminApiKey };
  const account = { id: 'clients', name: 'Clients', credit_usd: creditUsd };
  await callApi(operator, 'POST', '/v1/admin/accounts', { body: account });
  const { body } = await callApi(operator, 'POST', '/v1/admin/accounts/clients/keys', {
    body: { scopes: ['jobs'] },
  });
  return (body as { key: string }).key;
}

async function tryPackages(
  set: ClientSet,
  packages: Packages,
  at: { url: string; key: string; signal: AbortSignal },
): Promise<Row> {
  print(`${set.name}: ${Object.values(packages).join(', ')} …`);
  const folders = { cacheDir: join(cacheDir, 'try-clients'), supportDir: join(home, 'support') };
  const installed = await install(set, packages, { ...folders, signal: at.signal });
  if ('skipped' in installed) {
    print(`  skipped: ${installed.skipped}`);
    const found = { passed: 0, failed: [], skipped: [] };
    return { name: set.name, packages, found, skipped: installed.skipped };
  }
  const found = await runSet(set, installed, { ...at, print });
  return { name: set.name, packages, found, skipped: null };
}

tryClients()
  .then((code) => process.exit(code))
  .catch((error: unknown) => {
    print(error instanceof Error ? error.message : String(error));
    process.exit(1);
  });
