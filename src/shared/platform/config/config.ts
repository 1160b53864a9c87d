import type { z } from 'zod';
import { proxyNames, toProxySettings } from '../outgoing/proxy-for.ts';
import { toSecretsKey } from '../seal.ts';
import { builtInProviders } from './built-in-providers.ts';
import { findPublicSecrets } from './check-secrets.ts';
import { environmentSchema, readKey } from './environment-schema.ts';
import { isLoopback } from './loopback.ts';
import { defaultLimits } from './quotas.ts';
import { readLine, readText } from './read-text.ts';

/** A wrong configuration: one sentence per mistake, every mistake at once. The process exits with code 78. */
export class ConfigError extends Error {
  readonly mistakes: string[];
  constructor(mistakes: string[]) {
    super(`the configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}`);
    this.mistakes = mistakes;
  }
}

type Env = Record<string, string | undefined>;

const secretNames = new Set([
  'DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'REDIS_URL',
  'JWT_SECRET',
  'ADMIN_API_KEY',
  'SECRETS_KEY',
  'SECRETS_KEY_PREVIOUS',
  'METRICS_TOKEN',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'OPENAI_API_KEY',
  'ANTHROPIC_API_KEY',
  'GEMINI_API_KEY',
  'GOOGLE_GEMINI_API_KEY',
]);

type Parsed = z.output<typeof environmentSchema>;

/** The names of every variable the gateway reads; `.env.example` lists exactly these. */
export const variableNames: string[] = Object.keys(environmentSchema.shape);

export type Config = ReturnType<typeof toConfig>;

/**
 * Reads the environment once. Everything is typed and has its default after this; a `NAME_FILE` variable
 * gives the value of `NAME` from a file. Throws ConfigError with every mistake, each naming the variable,
 * what was given (never a secret) and what is allowed.
 */
export function parseConfig(env: Env): Config {
  const mistakes: string[] = [];
  const given = withFiles(env, mistakes);
  const parsed = environmentSchema.safeParse(given);
  mistakes.push(...(parsed.error?.issues ?? []).map((issue) => describeIssue(issue, given)));
  mistakes.push(...crossChecks(given));
  const files = {
    modelsFile: readJsonFile('MODELS_FILE', given['MODELS_FILE'], mistakes),
    providersFile: readJsonFile('PROVIDERS_FILE', given['PROVIDERS_FILE'], mistakes),
  };
  if (!parsed.success) throw new ConfigError(mistakes);
  const config = toConfig(parsed.data, env, given, files);
  if (config.providers.length === 0 && given['PROVIDERS_FILE'] === undefined) mistakes.push(noProvider);
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return config;
}

function withFiles(env: Env, mistakes: string[]): Env {
  const given: Env = {};
  for (const name of variableNames) {
    const value = env[name] ?? (proxyNames.has(name) ? env[name.toLowerCase()] : undefined);
    if (value !== undefined && value !== '') given[name] = value;
    const path = env[`${name}_FILE`];
    if (
      given[name] !== undefined ||
      path === undefined ||
      path === '' ||
      `${name}_FILE` in environmentSchema.shape
    )
      continue;
    try {
      given[name] = readLine(path);
    } catch (error) {
      mistakes.push(`${name}_FILE: cannot read ${JSON.stringify(path)} (${(error as Error).message})`);
    }
  }
  return given;
}

function readSecretFile(path: string | undefined): string | undefined {
  return path === undefined ? undefined : readLine(path);
}

function describeIssue(issue: z.core.$ZodIssue, given: Env): string {
  const name = String(issue.path[0]);
  const value = given[name];
  if (value === undefined) return `${name}: is not set; needed: ${issue.message}`;
  const shown = secretNames.has(name) ? '(hidden)' : JSON.stringify(value);
  return `${name}: got ${shown}; allowed: ${issue.message}`;
}

const noProvider =
  'OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY: none is set; set one (or a base URL, or PROVIDERS_FILE), or run with SIMULATOR=on and SIMULATOR_URL';

/** What is wrong with variables beside each other, however many of them are wrong by themselves. */
function crossChecks(given: Env): string[] {
  const mistakes: string[] = [];
  const has = (name: string) => given[name] !== undefined;
  if (!has('REDIS_URL') && !has('REDIS_CLUSTER_NODES')) {
    mistakes.push(
      'REDIS_URL: is not set; needed: a URL starting with redis:// or rediss://, or REDIS_CLUSTER_NODES',
    );
  }
  if (!['staging', 'production'].includes(given['ENVIRONMENT'] ?? '')) return mistakes;
  if (has('FAILPOINTS')) mistakes.push('FAILPOINTS: only for tests, in development; unset it');
  if (has('JWT_JWKS_URL') && !(has('JWT_ISSUER') && has('JWT_AUDIENCE'))) {
    mistakes.push('JWT_ISSUER, JWT_AUDIENCE: needed beside JWT_JWKS_URL outside development');
  }
  mistakes.push(
    ...findPublicSecrets({ ...given, SECRETS_KEY: readKey(given['SECRETS_KEY'] ?? '') ?? undefined }),
  );
  if (!has('SECRETS_KEY')) {
    mistakes.push(
      'SECRETS_KEY: is not set; needed outside development: 32 bytes, as base64 or as 64 hex digits',
    );
  }
  return mistakes;
}

function toConfig(
  parsed: Parsed,
  env: Env,
  given: Env,
  files: { modelsFile: unknown; providersFile: unknown },
) {
  const development = parsed.ENVIRONMENT === 'development';
  return {
    environment: parsed.ENVIRONMENT,
    failpoints: parsed.FAILPOINTS,
    logLevel: parsed.LOG_LEVEL ?? 'info',
    dataDir: parsed.DATA_DIR,
    http: {
      port: parsed.PORT,
      portGiven: given['PORT'] !== undefined,
      host: parsed.HOST,
      publicUrl: parsed.PUBLIC_URL ?? null,
      corsOrigins: parsed.CORS_ORIGINS,
      trustProxy: parsed.TRUST_PROXY,
      bodyLimitBytes: parsed.BODY_LIMIT_BYTES,
      requestsPerMinute: parsed.RATE_LIMIT_PER_MINUTE ?? (development ? 0 : 600),
      metricsToken: parsed.METRICS_TOKEN ?? null,
      /** Whether /metrics answers without a token. */
      metricsOpen: development || isLoopback(parsed.HOST),
      bodiesBytesMax: parsed.BODIES_MEMORY_BYTES,
      bodyBudgets: {
        bytesPerMinute: parsed.RATE_LIMIT_BYTES_PER_MINUTE ?? (development ? 0 : 1_073_741_824),
        cpuMsPerMinute: parsed.RATE_LIMIT_CPU_MS_PER_MINUTE ?? (development ? 0 : 20_000),
      },
    },
    database: {
      url: parsed.DATABASE_URL,
      directUrl: parsed.DATABASE_DIRECT_URL ?? parsed.DATABASE_URL,
      prepare: parsed.DATABASE_PREPARE,
      poolMax: parsed.DATABASE_POOL_MAX,
    },
    redis: {
      url: parsed.REDIS_URL ?? null,
      clusterNodes: parsed.REDIS_CLUSTER_NODES ?? null,
      prefix: parsed.REDIS_PREFIX,
    },
    proxy: toProxySettings(parsed),
    auth: toAuthConfig(parsed),
    secretsKey: toSecretsKey(
      parsed.SECRETS_KEY ?? Buffer.alloc(32, 'development only'),
      parsed.SECRETS_KEY_PREVIOUS,
    ),
    webhooks: { allowPrivate: parsed.WEBHOOK_ALLOW_PRIVATE, retrySeconds: parsed.WEBHOOK_RETRY_SECONDS },
    work: {
      concurrency: parsed.WORKER_CONCURRENCY,
      /** Whether a process runs the calls it accepts; null as its role has it. */
      express: parsed.EXPRESS ?? null,
      leaseSeconds: parsed.LEASE_SECONDS,
      syncTimeoutSeconds: parsed.SYNC_TIMEOUT_SECONDS,
      shutdownGraceSeconds: parsed.SHUTDOWN_GRACE_SECONDS,
      contentRetentionDays: parsed.CONTENT_RETENTION_DAYS,
    },
    limits: defaultLimits((variable) => (parsed as Record<string, unknown>)[variable] as number | undefined),
    providers: builtInProviders(parsed),
    ...files,
    /**
     * Values of the variables that PROVIDERS_FILE names as keys are looked up here by the reader of that
     * file.
     */
    lookup: (name: string): string | undefined => env[name] ?? readSecretFile(env[`${name}_FILE`]),
  };
}

function toAuthConfig(parsed: Parsed) {
  return {
    jwtSecret: parsed.JWT_SECRET ?? null,
    jwksUrl: parsed.JWT_JWKS_URL ?? null,
    issuer: parsed.JWT_ISSUER ?? null,
    audience: parsed.JWT_AUDIENCE ?? null,
    adminScope: parsed.JWT_ADMIN_SCOPE,
    maxLifeSeconds: parsed.JWT_MAX_LIFE_SECONDS ?? null,
    /** Accounts that tokens may make in a minute; 0 is no limit, null none at all. */
    accountsByToken: parsed.JWT_ACCOUNTS === 'known' ? null : parsed.JWT_ACCOUNTS_PER_MINUTE,
    adminApiKey: parsed.ADMIN_API_KEY ?? null,
  };
}

function readJsonFile(name: string, path: string | undefined, mistakes: string[]): unknown {
  if (path === undefined) return null;
  try {
    return JSON.parse(readText(path)) as unknown;
  } catch (error) {
    mistakes.push(`${name}: cannot read ${JSON.stringify(path)} as JSON (${(error as Error).message})`);
    return null;
  }
}
