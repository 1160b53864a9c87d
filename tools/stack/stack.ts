import { join, resolve } from 'node:path';
import { variableNames } from '../../src/shared/platform/config/config.ts';
import { readLine } from '../../src/shared/platform/config/read-text.ts';
import { type Child, startChild } from './child.ts';
import { claimFolder } from './claim-folder.ts';
import { startPostgres } from './embedded-postgres.ts';
import { startRedis } from './embedded-redis.ts';
import { findFreePort } from './free-port.ts';
import { badConfigurationExit, ProcessFailed } from './process-failed.ts';
import { readOrMakeSecrets } from './secrets.ts';

export type Stack = {
  url: string;
  simulatorUrl: string | null;
  adminApiKey: string;
  databaseUrl: string;
  /** Null when a cluster was given instead. */
  redisUrl: string | null;
  /** What another process needs in its environment to join this stack. */
  env: Record<string, string>;
  /** Resolves with a sentence when a part ends that should not have. */
  broke: Promise<string>;
  stop(): Promise<void>;
};

export type StackOptions = {
  dataDir: string;
  cacheDir: string;
  /** Stops the start, wherever it is. */
  signal: AbortSignal;
  /** What was set by the user; what is not set is brought along. */
  given: NodeJS.ProcessEnv;
  print(line: string): void;
};

/**
 * How long each part may take to end, once the gateway has: together less than the ten seconds within which
 * Ctrl-C promises to have stopped everything. A server that is killed instead recovers at its next start.
 */
const gatewayMaxWaitMs = 6000;
const serverMaxWaitMs = 2500;

/**
 * Boots everything on this machine: Postgres and Redis unless they are given, the simulator for providers
 * without a key, and the gateway in all its roles. Each part runs in a process group of its own; stopping
 * ends the gateway first, then what it stood on. When `signal` aborts, a start that is under way stops what
 * it has started and rejects.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const dataDir = resolve(options.dataDir);
  const folder = await claimFolder(dataDir);
  const parts = createParts((children) => folder.note(children));
  const stop = async () => {
    await parts.stop();
    folder.release();
  };
  const onAbort = () => void parts.stop();
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    options.signal.throwIfAborted();
    const databases = await findDatabases(options, dataDir, parts.add);
    const simulatorUrl = await findSimulator(options, parts.add);
    const env = environmentOf(options, dataDir, databases, simulatorUrl);
    const url = await startGateway(env, options.print, parts.add);
    options.signal.throwIfAborted();
    return {
      url,
      simulatorUrl,
      adminApiKey: env['ADMIN_API_KEY'] ?? '',
      databaseUrl: databases.appUrl,
      redisUrl: databases.redisUrl,
      env,
      broke: parts.broke(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    options.signal.removeEventListener('abort', onAbort);
  }
}

/**
 * What runs, in the order it was started. A part that is added once stopping has begun is stopped at once.
 */
function createParts(note: (children: Child[]) => void) {
  const children: Child[] = [];
  let stopping: Promise<void> | null = null;
  const stopAll = async () => {
    const gateway = children.filter(({ name }) => name === 'gateway');
    await Promise.all(gateway.map((child) => child.stop(gatewayMaxWaitMs)));
    await Promise.all(children.map((child) => child.stop(serverMaxWaitMs)));
  };
  return {
    add: (child: Child) => {
      children.push(child);
      note(children);
      if (stopping !== null) stopping = Promise.all([stopping, child.stop(0)]).then(() => undefined);
    },
    stop: () => {
      stopping ??= stopAll();
      return stopping;
    },
    broke: () => Promise.race(children.map((child) => child.ended)),
  };
}

async function findDatabases(options: StackOptions, dataDir: string, onSpawn: (child: Child) => void) {
  const { given, print, signal } = options;
  let appUrl = settingOf(given, 'DATABASE_URL');
  let ownerUrl = settingOf(given, 'DATABASE_DIRECT_URL') ?? appUrl;
  let redisUrl = settingOf(given, 'REDIS_URL') ?? null;
  if (appUrl === undefined || ownerUrl === undefined) {
    print('starting Postgres …');
    ({ appUrl, ownerUrl } = await startPostgres({ dir: join(dataDir, 'postgres'), onSpawn, signal }));
  }
  if (redisUrl === null && settingOf(given, 'REDIS_CLUSTER_NODES') === undefined) {
    print('starting Redis …');
    const dir = join(dataDir, 'redis');
    const redis = await startRedis({ dir, cacheDir: options.cacheDir, persistent: true, onSpawn, signal });
    redisUrl = redis.url;
  }
  return { appUrl, ownerUrl, redisUrl };
}

/** What was set, directly or through a file; set to nothing is not set. */
function settingOf(given: NodeJS.ProcessEnv, name: string): string | undefined {
  const file = given[`${name}_FILE`];
  const value = given[name] || (file ? readSetting(`${name}_FILE`, file) : '');
  return value === '' ? undefined : value;
}

function readSetting(name: string, file: string): string {
  try {
    return readLine(file);
  } catch (error) {
    throw new ProcessFailed(
      `configuration: ${name}: cannot read ${JSON.stringify(file)} (${(error as Error).message})`,
      badConfigurationExit,
    );
  }
}

/**
 * The simulator stands in for providers that have neither a key nor a base URL; with all three set it is not
 * started.
 */
async function findSimulator(options: StackOptions, onSpawn: (child: Child) => void): Promise<string | null> {
  const { given } = options;
  const set = (...names: string[]) => names.some((name) => settingOf(given, name) !== undefined);
  const wanted = settingOf(given, 'SIMULATOR');
  const allowed =
    wanted === undefined
      ? (settingOf(given, 'ENVIRONMENT') ?? 'development') === 'development'
      : ['on', 'true', '1'].includes(wanted);
  const allReal =
    set('OPENAI_API_KEY', 'OPENAI_BASE_URL') &&
    set('ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL') &&
    set('GEMINI_API_KEY', 'GOOGLE_GEMINI_API_KEY', 'GEMINI_BASE_URL');
  if (allReal || !allowed) return null;
  const url = settingOf(given, 'SIMULATOR_URL');
  if (url !== undefined) return url;
  options.print('starting the provider simulator …');
  const port = await findFreePort();
  const env = { ...process.env, SIMULATOR_PORT: String(port) };
  return startAndWait('simulator', 'dist-tools/tools/simulator/main.js', [], env, onSpawn);
}

function environmentOf(
  { given }: StackOptions,
  dataDir: string,
  databases: { appUrl: string; ownerUrl: string; redisUrl: string | null },
  simulatorUrl: string | null,
): Record<string, string> {
  const secrets = readOrMakeSecrets(dataDir);
  const env: Record<string, string | undefined> = {
    ...Object.fromEntries(Object.entries(given).filter(([name]) => isOurs(name))),
    ENVIRONMENT: given['ENVIRONMENT'] || 'development',
    DATA_DIR: dataDir,
    DATABASE_URL: databases.appUrl,
    DATABASE_DIRECT_URL: databases.ownerUrl,
    REDIS_URL: databases.redisUrl ?? undefined,
    // Calls under way get this long when the stack is stopped, so that all of it ends within ten seconds.
    SHUTDOWN_GRACE_SECONDS: given['SHUTDOWN_GRACE_SECONDS'] || '3',
    SIMULATOR_URL: simulatorUrl ?? undefined,
    JWT_SECRET:
      settingOf(given, 'JWT_SECRET') ??
      (settingOf(given, 'JWT_JWKS_URL') === undefined ? secrets.jwtSecret : undefined),
    ADMIN_API_KEY: settingOf(given, 'ADMIN_API_KEY') ?? secrets.adminApiKey,
    SECRETS_KEY: settingOf(given, 'SECRETS_KEY') ?? secrets.secretsKey,
  };
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** What the gateway reads itself, or reads from a file that the variable names. */
const ours = new Set(variableNames.flatMap((name) => [name, `${name}_FILE`]));

/** Keys of upstreams from PROVIDERS_FILE have names of the user's choice, usually ending so. */
function isOurs(name: string): boolean {
  return ours.has(name) || /_API_KEY(_FILE)?$/.test(name);
}

/** What any Node process needs to reach the outside from here: proxies and certificates. */
function systemEnvironment(): NodeJS.ProcessEnv {
  const needed = /^(PATH|HOME|TZ|LANG|LC_.*|NODE_.*|SSL_CERT_.*|https?_proxy|no_proxy)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => needed.test(name)));
}

async function startGateway(
  env: Record<string, string>,
  print: (line: string) => void,
  onSpawn: (child: Child) => void,
): Promise<string> {
  print('starting the gateway …');
  return startAndWait('gateway', 'dist/main.js', ['all'], { ...systemEnvironment(), ...env }, onSpawn);
}

/** Starts a Node process of ours and gives the address in its line `ready <url>`. */
async function startAndWait(
  name: string,
  script: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  onSpawn: (child: Child) => void,
): Promise<string> {
  let ready: (url: string) => void = () => undefined;
  const url = new Promise<string>((done) => {
    ready = done;
  });
  const child = startChild(process.execPath, ['--enable-source-maps', script, ...args], {
    name,
    env,
    stopSignal: 'SIGTERM',
    onLine: (line) => {
      if (line.startsWith('ready ')) ready(line.slice('ready '.length));
    },
  });
  onSpawn(child);
  const failed = child.ended.then((how): never => {
    throw new ProcessFailed(`${how} before it was ready; its messages are above`, child.exitCode() ?? 1);
  });
  return Promise.race([url, failed]);
}
