import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Child } from '../stack/child.ts';
import { claimFolder } from '../stack/claim-folder.ts';
import { startPgBouncer } from '../stack/embedded-pgbouncer.ts';
import { startPostgres } from '../stack/embedded-postgres.ts';
import { startRedis } from '../stack/embedded-redis.ts';
import { removePostgres } from '../stack/postgres-launcher.ts';
import { startRedisCluster } from '../stack/redis-cluster.ts';
import { removeLeftovers } from '../stack/remove-leftovers.ts';
import { onStopRequest } from '../stack/stop-request.ts';
import { runVitest } from './vitest-run.ts';

/** What vitest's JSON report says, as far as it is read here. */
type Report = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: { status: string; assertionResults: unknown[] }[];
};

/**
 * Starts a Postgres and a Redis for this run, runs vitest on them, stops them and says how many tests passed.
 */
async function test(): Promise<number> {
  await removeLeftovers(resolve('.data'), 'test');
  const dir = resolve('.data', `test-${process.pid}`);
  const folder = await claimFolder(dir);
  const abort = new AbortController();
  const children: Child[] = [];
  const onSpawn = (child: Child) => {
    children.push(child);
    folder.note(children);
    if (abort.signal.aborted) void child.stop(0);
  };
  onStopRequest(({ reason }) => {
    process.stderr.write(`${reason}\n`);
    abort.abort(new Error('interrupted'));
  });
  abort.signal.addEventListener('abort', () => void stopAll(children));
  try {
    // Tests kill processes, never the machine: what a flush protects from does not happen here.
    const { signal } = abort;
    const postgres = await startPostgres({ dir: join(dir, 'postgres'), withoutFsync: true, onSpawn, signal });
    const redis = await startRedis({
      dir: join(dir, 'redis'),
      cacheDir: '.cache',
      persistent: false,
      onSpawn,
      signal,
    });
    signal.throwIfAborted();
    const reportFile = join(dir, 'report.json');
    const { through, sweep, args } = readArguments(process.argv.slice(2));
    const env = {
      ...sweep,
      GATEWAY_TEST_OWNER_URL: postgres.ownerUrl,
      GATEWAY_TEST_APP_URL: postgres.appUrl,
      GATEWAY_TEST_REDIS_URL: redis.url,
    };
    if (through.has('pgbouncer')) {
      const pooler = {
        dir: join(dir, 'pgbouncer'),
        cacheDir: '.cache',
        url: postgres.appUrl,
        serverLimit: 20,
      };
      const { url } = await startPgBouncer({ ...pooler, onSpawn, signal });
      Object.assign(env, { GATEWAY_TEST_APP_URL: url, GATEWAY_TEST_PREPARE: 'off' });
    }
    if (through.has('redis-cluster')) {
      const cluster = { dir: join(dir, 'redis-cluster'), cacheDir: '.cache', onSpawn, signal };
      const { nodes } = await startRedisCluster(cluster);
      Object.assign(env, { GATEWAY_TEST_REDIS_CLUSTER: nodes.join(',') });
    }
    const noteVitest = (vitest: { name: string; pid: number }) => folder.note([...children, vitest]);
    const code = await runVitest(reportFile, args, signal, env, noteVitest);
    signal.throwIfAborted();
    const { passed, failed, skipped } = readReport(reportFile, code);
    await stopAll(children);
    const more = skipped > 0 ? `, ${skipped} skipped` : '';
    process.stdout.write(`${passed} passed, ${failed} failed${more}\n`);
    return failed > 0 || code !== 0 ? 1 : 0;
  } finally {
    await stopAll(children);
    removePostgres(join(dir, 'postgres'));
    rmSync(dir, { recursive: true, force: true });
  }
}

const detours = ['pgbouncer', 'redis-cluster'];
/** What tells the sweep of hostile requests where to begin and how long to go on. */
const sweepNumbers = { '--seed': 'GATEWAY_TEST_SWEEP_SEED', '--requests': 'GATEWAY_TEST_SWEEP_REQUESTS' };

type Arguments = { through: Set<string>; sweep: Record<string, string>; args: string[] };

/**
 * `--through=pgbouncer,redis-cluster` puts these in the way; `--seed N` and `--requests N` are the sweep's;
 * all else is vitest's.
 */
function readArguments(given: string[]): Arguments {
  const read: Arguments = { through: new Set(), sweep: {}, args: [] };
  const left = given.flatMap((arg) =>
    /^--(?:through|seed|requests)=/.test(arg) ? arg.split(/=(.*)/s, 2) : [arg],
  );
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    if (arg === '--through') for (const name of (left.shift() ?? '').split(',')) read.through.add(name);
    else if (arg === '--seed' || arg === '--requests')
      read.sweep[sweepNumbers[arg]] = toCount(arg, left.shift());
    else read.args.push(arg);
  }
  const unknown = [...read.through].filter((name) => !detours.includes(name));
  if (unknown.length > 0)
    throw new Error(`--through= knows ${detours.join(' and ')}, not ${unknown.join(', ')}`);
  return read;
}

function toCount(name: string, text = ''): string {
  if (/^\d{1,9}$/.test(text)) return text;
  throw new Error(
    `${name} takes a whole number, such as ${name} 40000; it was given ${JSON.stringify(text)}`,
  );
}

async function stopAll(children: Child[]): Promise<void> {
  await Promise.all(children.map((child) => child.stop(5000)));
}

/** A file that could not be run at all counts as one failed test, so that it is never overlooked. */
function readReport(file: string, code: number): { passed: number; failed: number; skipped: number } {
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const broken = report.testResults.filter(
    (one) => one.status === 'failed' && one.assertionResults.length === 0,
  );
  const failed = report.numFailedTests + broken.length;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: report.numPendingTests,
  };
}

test()
  .then((code) => process.exit(code))
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.stdout.write('0 passed, 1 failed\n');
    process.exit(1);
  });
