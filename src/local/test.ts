import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startPostgres } from './embedded-postgres.ts';
import { startRedis } from './embedded-redis.ts';

/** What vitest's JSON report says, as far as it is read here. */
type Report = {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { status: string; assertionResults: unknown[] }[];
};

/** Starts a Postgres and a Redis for this run, runs vitest on them, stops them and says how many tests passed. */
async function test(): Promise<number> {
  const dir = resolve('.data', `test-${process.pid}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one();
    rmSync(dir, { recursive: true, force: true });
  };
  let interrupted = false;
  process.on('SIGINT', () => {
    interrupted = true;
  });
  process.on('SIGTERM', () => {
    interrupted = true;
  });
  try {
    // Tests kill processes, never the machine: what a flush protects from does not happen here.
    const postgres = await startPostgres({ dir: join(dir, 'postgres'), withoutFsync: true });
    stops.push(postgres.stop);
    const redis = await startRedis({ dir: join(dir, 'redis'), cacheDir: '.cache', persistent: false });
    stops.push(redis.stop);
    if (interrupted) return 130;
    const reportFile = join(dir, 'report.json');
    const code = await runVitest(reportFile, {
      GATEWAY_TEST_OWNER_URL: postgres.ownerUrl,
      GATEWAY_TEST_APP_URL: postgres.appUrl,
      GATEWAY_TEST_REDIS_URL: redis.url,
    });
    const { passed, failed } = readReport(reportFile, code);
    await stop();
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
    return failed > 0 || code !== 0 ? 1 : 0;
  } finally {
    await stop();
  }
}

function runVitest(reportFile: string, env: Record<string, string>): Promise<number> {
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', ...args, ...process.argv.slice(2)],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    },
  );
  return new Promise((done) => child.once('exit', (code) => done(code ?? 1)));
}

/** A file that could not be run at all counts as one failed test, so that it is never overlooked. */
function readReport(file: string, code: number): { passed: number; failed: number } {
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const broken = report.testResults.filter(
    (one) => one.status === 'failed' && one.assertionResults.length === 0,
  );
  const failed = report.numFailedTests + broken.length;
  return { passed: report.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
}

test()
  .then((code) => process.exit(code))
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.stdout.write('0 passed, 1 failed\n');
    process.exit(1);
  });
