import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Child, startChild } from './child.ts';
import { startPostgres } from './embedded-postgres.ts';
import { startRedis } from './embedded-redis.ts';
import { findFreePort } from './free-port.ts';
import { clearLeftovers, forgetRunning, noteRunning } from './leftovers.ts';
import { readOrMakeSecrets } from './secrets.ts';

export type Stack = {
  url: string;
  simulatorUrl: string | null;
  adminApiKey: string;
  databaseUrl: string;
  redisUrl: string;
  /** What another process needs in its environment to join this stack. */
  env: Record<string, string>;
  /** Resolves with a sentence when a part ends that should not have. */
  broke: Promise<string>;
  stop(): Promise<void>;
};

export type StackOptions = {
  dataDir: string;
  cacheDir: string;
  /** What was set by the user; what is not set is brought along. */
  given: NodeJS.ProcessEnv;
  say(line: string): void;
};

type Part = { name: string; child: Child; stop(): Promise<void> };

/**
 * Boots everything on this machine: Postgres and Redis unless they are given, the simulator for providers without a key,
 * and the gateway in all its roles. Each part runs in a process group of its own; stopping ends them in the reverse order.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  await clearLeftovers(dataDir);
  const parts: Part[] = [];
  const add = (part: Part) => {
    parts.push(part);
    noteRunning(
      dataDir,
      parts.map(({ name, child }) => ({ name, pid: child.pid })),
    );
  };
  const stop = async () => {
    for (const part of parts.reverse()) await part.stop();
    forgetRunning(dataDir);
  };
  try {
    const databases = await findDatabases(options, dataDir, add);
    const simulatorUrl = await findSimulator(options, add);
    const env = environmentOf(options, dataDir, databases, simulatorUrl);
    const gateway = await startGateway(env, options.say);
    add({ name: 'gateway', child: gateway.child, stop: () => gateway.child.stop(9000) });
    return {
      url: gateway.url,
      simulatorUrl,
      adminApiKey: env['ADMIN_API_KEY'] ?? '',
      databaseUrl: databases.appUrl,
      redisUrl: databases.redisUrl,
      env,
      broke: Promise.race(parts.map((part) => part.child.ended)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function findDatabases(options: StackOptions, dataDir: string, add: (part: Part) => void) {
  const { given, say } = options;
  let { DATABASE_URL: appUrl, REDIS_URL: redisUrl } = given;
  let ownerUrl = given['DATABASE_DIRECT_URL'] ?? appUrl;
  if (appUrl === undefined || ownerUrl === undefined) {
    say('starting Postgres …');
    const postgres = await startPostgres({ dir: join(dataDir, 'postgres') });
    add({ name: 'postgres', ...postgres });
    appUrl = postgres.appUrl;
    ownerUrl = postgres.ownerUrl;
  }
  if (redisUrl === undefined) {
    say('starting Redis …');
    const redis = await startRedis({
      dir: join(dataDir, 'redis'),
      cacheDir: options.cacheDir,
      persistent: true,
    });
    add({ name: 'redis', ...redis });
    redisUrl = redis.url;
  }
  return { appUrl, ownerUrl, redisUrl };
}

/** The simulator stands in for providers that have neither a key nor a base URL; with all three set it is not started. */
async function findSimulator(options: StackOptions, add: (part: Part) => void): Promise<string | null> {
  const { given } = options;
  if (given['SIMULATOR_URL'] !== undefined) return given['SIMULATOR_URL'];
  const has = (...names: string[]) =>
    names.some((name) => (given[name] ?? given[`${name}_FILE`] ?? '') !== '');
  const allReal =
    has('OPENAI_API_KEY', 'OPENAI_BASE_URL') &&
    has('ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL') &&
    has('GEMINI_API_KEY', 'GOOGLE_GEMINI_API_KEY', 'GEMINI_BASE_URL');
  if (allReal || given['SIMULATOR'] === 'off') return null;
  options.say('starting the provider simulator …');
  const port = await findFreePort();
  const { child, url } = await startAndWait('simulator', 'dist/local/simulator/main.js', [], {
    ...process.env,
    SIMULATOR_PORT: String(port),
  });
  add({ name: 'simulator', child, stop: () => child.stop(3000) });
  return url;
}

function environmentOf(
  { given }: StackOptions,
  dataDir: string,
  databases: { appUrl: string; ownerUrl: string; redisUrl: string },
  simulatorUrl: string | null,
): Record<string, string> {
  const secrets = readOrMakeSecrets(dataDir);
  const env: Record<string, string | undefined> = {
    ...Object.fromEntries(
      Object.entries(given).filter(([name]) => /^[A-Z][A-Z0-9_]*$/.test(name) && isOurs(name)),
    ),
    ENVIRONMENT: given['ENVIRONMENT'] ?? 'development',
    DATA_DIR: dataDir,
    DATABASE_URL: databases.appUrl,
    DATABASE_DIRECT_URL: databases.ownerUrl,
    REDIS_URL: databases.redisUrl,
    SIMULATOR_URL: simulatorUrl ?? undefined,
    JWT_SECRET: given['JWT_SECRET'] ?? (given['JWT_JWKS_URL'] === undefined ? secrets.jwtSecret : undefined),
    ADMIN_API_KEY: given['ADMIN_API_KEY'] ?? secrets.adminApiKey,
    SECRETS_KEY: given['SECRETS_KEY'] ?? secrets.secretsKey,
  };
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

const ours =
  /^(ENVIRONMENT|PORT|HOST|DATA_DIR|LOG_LEVEL|SIMULATOR.*|MODELS_FILE|PROVIDERS_FILE|METRICS_TOKEN|(DATABASE|REDIS|JWT|ADMIN|SECRETS|CORS|TRUST|RATE|BODY|QUEUE|WEBHOOK|CONTENT|LEASE|WORKER|SYNC|SHUTDOWN|OPENAI|ANTHROPIC|GEMINI|GOOGLE_GEMINI|OTEL|LANGFUSE)_.*)$/;

function isOurs(name: string): boolean {
  return ours.test(name) || name.endsWith('_API_KEY');
}

async function startGateway(env: Record<string, string>, say: (line: string) => void) {
  say('starting the gateway …');
  return startAndWait('gateway', 'dist/main.js', ['all'], { PATH: process.env['PATH'] ?? '', ...env });
}

/** Starts a Node process of ours and waits for its line `ready <url>`. */
async function startAndWait(name: string, script: string, args: string[], env: NodeJS.ProcessEnv) {
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
  const failed = child.ended.then((how) => {
    throw new Error(`${how} before it was ready; its messages are above`);
  });
  failed.catch(() => undefined);
  return { child, url: await Promise.race([url, failed]) };
}
