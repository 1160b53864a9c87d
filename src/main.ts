import { startApi } from './api/start-api.ts';
import { loadModels, type Models } from './shared/catalogue/load-models.ts';
import { openInfra } from './shared/infra.ts';
import { type Config, ConfigError, parseConfig } from './shared/platform/config/config.ts';
import { startWarnings } from './shared/platform/config/start-warnings.ts';
import { armFailpoints } from './shared/platform/failpoints.ts';
import { logLibraryWarnings } from './shared/platform/library-warnings.ts';
import { createLog, type Log } from './shared/platform/log.ts';
import { openDatabase } from './shared/platform/postgres/database.ts';
import { migrate } from './shared/platform/postgres/migrate.ts';
import { retryWhileUnavailable } from './shared/platform/postgres/retry-while-unavailable.ts';
import { schemaMismatch } from './shared/platform/postgres/schema-check.ts';
import { badConfigurationExit, describeStartFailure } from './shared/platform/start-failure.ts';
import { waitAtMost } from './shared/platform/wait-at-most.ts';
import { createValidator } from './shared/validation/validator.ts';
import { findWrongKey } from './shared/webhooks/reseal-secrets.ts';
import { serveMetrics } from './workers/serve-metrics.ts';
import { startExpressAlone, startWorkers, type Workers, type WorkersDeps } from './workers/start-workers.ts';

const roles = ['api', 'workers', 'all', 'migrate'] as const;
type Role = (typeof roles)[number];

/** After the grace for running calls, everything else has this long to end before the process goes anyway. */
const exitMarginMs = 9000;

/** A database that starts at the same time, or is being replaced, is waited for. */
const databaseMaxWaitMs = 60_000;

async function main(): Promise<void> {
  const role = roles.find((name) => name === process.argv[2]);
  if (role === undefined) return refuse([`usage: node dist/main.js ${roles.join(' | ')}`]);
  const config = readConfig();
  const log = createLog(config.logLevel, role);
  logLibraryWarnings(log);
  armFailpoints(config.failpoints);
  const models = readModels(config);
  const untilAvailable = { maxWaitMs: databaseMaxWaitMs, onWait: warnOnce(log) };
  if (role === 'migrate' || role === 'all') {
    await retryWhileUnavailable(() => migrate(config.database.directUrl), untilAvailable);
  }
  if (role === 'migrate') return;
  await retryWhileUnavailable(() => refuseOtherInstallation(config), untilAvailable);
  await run(role, config, models, log);
}

async function run(role: Role, config: Config, models: Models, log: Log): Promise<void> {
  const providers = models.providers;
  const infra = openInfra(
    config,
    log,
    role,
    providers.map((provider) => provider.name),
  );
  const validator = createValidator(config, models);
  const stops: (() => Promise<void>)[] = [];
  const workers = startRoleWorkers(role, { config, infra, log, models, validator });
  if (workers !== null) stops.push(workers.stop);
  if (role !== 'workers') {
    const express = config.work.express === 'off' ? null : (workers?.express ?? null);
    const api = await startApi({ config, infra, log, models, validator, express });
    stops.push(api.stop);
    process.stdout.write(`ready ${api.url}\n`);
  } else {
    stops.push(serveMetrics({ config, metrics: infra.metrics, log }));
    process.stdout.write('ready workers\n');
  }
  for (const warning of startWarnings(config)) log.warn(warning);
  for (const provider of providers.filter(({ simulated }) => simulated)) {
    log.warn({ provider: provider.name }, 'no key is set: the simulator stands in for this provider');
  }

  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    const hardStop = setTimeout(
      () => process.exit(1),
      config.work.shutdownGraceSeconds * 1000 + exitMarginMs,
    );
    hardStop.unref();
    void stopAll(stops, { close: () => Promise.all([validator.stop(), infra.close()]) }, log).then(() =>
      process.exit(0),
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
}

/** What runs jobs in this process: an API process runs none, unless it is to run the calls it accepts. */
function startRoleWorkers(role: Role, deps: WorkersDeps): Workers | null {
  if (role !== 'api') return startWorkers(deps);
  return deps.config.work.express === 'on' ? startExpressAlone(deps) : null;
}

async function stopAll(
  stops: (() => Promise<void>)[],
  infra: { close(): Promise<unknown> },
  log: Log,
): Promise<void> {
  // Side by side: each may take the grace time, and a call that the API waits for may be one that the workers
  // run.
  const stopOne = (stop: () => Promise<void>) =>
    stop().catch((error: unknown) => log.error({ error }, 'a part did not stop cleanly'));
  await Promise.all(stops.map(stopOne));
  await waitAtMost(3000, infra.close());
}

function readConfig(): Config {
  try {
    return parseConfig(process.env);
  } catch (error) {
    if (error instanceof ConfigError) refuse(error.mistakes);
    throw error;
  }
}

function readModels(config: Config): Models {
  try {
    return loadModels(config);
  } catch (error) {
    if (error instanceof ConfigError) refuse(error.mistakes);
    throw error;
  }
}

async function refuseOtherInstallation(config: Config): Promise<void> {
  const sql = openDatabase({
    url: config.database.url,
    poolMax: 1,
    prepare: false,
    applicationName: 'gateway-schema-check',
  });
  try {
    const mismatch = (await schemaMismatch(sql)) ?? (await findWrongKey(sql, config.secretsKey));
    if (mismatch !== null) refuse([mismatch]);
  } finally {
    await sql.end();
  }
}

function warnOnce(log: Log): (error: unknown) => void {
  let hasWarned = false;
  return (error) => {
    if (!hasWarned) log.warn({ error }, 'the database is unavailable; waiting for it');
    hasWarned = true;
  };
}

function refuse(mistakes: string[]): never {
  process.stderr.write(`${mistakes.map((mistake) => `configuration: ${mistake}`).join('\n')}\n`);
  process.exit(badConfigurationExit);
}

main().catch((error: unknown) => {
  const { sentence, exitCode } = describeStartFailure(error);
  process.stderr.write(`${exitCode === badConfigurationExit ? 'configuration: ' : ''}${sentence}\n`);
  process.exit(exitCode);
});
