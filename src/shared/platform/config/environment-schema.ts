import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { failpointNames, parseFailpoints } from '../failpoints.ts';
import { quotaMax, quotas } from './quotas.ts';

const url = (protocols: string[]) => {
  const error = `a URL starting with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`;
  return z
    .string({ error })
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), { error });
};
const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .refine((text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `a whole number from ${min} to ${max}`,
    })
    .transform(Number);
const onOff = z
  .enum(['on', 'off', 'true', 'false', '1', '0'], { error: 'on or off' })
  .transform((text) => ['on', 'true', '1'].includes(text));
const longSecret = z.string().refine((text) => Buffer.byteLength(text) >= 32, { error: 'at least 32 bytes' });
const commaList = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
/** One of a few words; says them when it is another. */
const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, { error: `one of ${words.join(', ')}` });
const origins = commaList.refine((parts) => parts.every((part) => part === '*' || isOrigin(part)), {
  error: 'origins such as https://app.example, separated by commas, or *',
});
const proxies = commaList.refine((parts) => parts.every(isProxy), {
  error: 'addresses, ranges such as 10.0.0.0/8, or loopback, linklocal, uniquelocal, separated by commas',
});

/** The 32 bytes of a key from 64 hex digits or base64, or null. */
export function readKey(text: string): Buffer | null {
  const bytes = /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  return bytes.length === 32 ? bytes : null;
}

const thirtyTwoBytes = z.string().transform((text, context) => {
  const bytes = readKey(text);
  if (bytes !== null) return bytes;
  context.addIssue({ code: 'custom', message: '32 bytes, as base64 or as 64 hex digits' });
  return z.NEVER;
});
const failpoints = z.string().transform((text, context) => {
  const parsed = parseFailpoints(text);
  if (typeof parsed !== 'string') return parsed;
  const message = `name=action[:ms][@probability][~word], with one of ${failpointNames.join(', ')}; not ${JSON.stringify(parsed)}`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

/** As Fastify's `trustProxy` takes them. */
function isProxy(text: string): boolean {
  return (
    ['loopback', 'linklocal', 'uniquelocal'].includes(text) ||
    ipaddr.isValid(text) ||
    ipaddr.isValidCIDR(text)
  );
}

const postgresUrl = url(['postgres:', 'postgresql:']);
const httpUrl = url(['http:', 'https:']).transform((text) => text.replace(/\/+$/, ''));
/** Many write `host:port` alone. */
const proxyUrl = z
  .string()
  .transform((text) => (text.includes('://') ? text : `http://${text}`))
  .pipe(httpUrl);
const laterOnly = z.never({ error: 'nothing yet: this export is not built; unset it' }).optional();

/** One variable for each quota of an account. */
function quotaVariables() {
  const entries = quotas.map(({ variable, unit }) => [variable, wholeNumber(1, quotaMax[unit]).optional()]);
  return Object.fromEntries(entries) as Record<
    (typeof quotas)[number]['variable'],
    z.ZodOptional<ReturnType<typeof wholeNumber>>
  >;
}

/** Every variable the gateway reads, what it may be and its default. */
export const environmentSchema = z.object({
  ENVIRONMENT: oneOf(['development', 'staging', 'production']).default('development'),
  PORT: wholeNumber(0, 65_535).default(8080),
  HOST: z.string().min(1).default('127.0.0.1'),
  PUBLIC_URL: httpUrl.optional(),
  DATA_DIR: z.string().min(1).default('.data'),
  DATABASE_URL: postgresUrl,
  DATABASE_DIRECT_URL: postgresUrl.optional(),
  DATABASE_PREPARE: onOff.default(true),
  DATABASE_POOL_MAX: wholeNumber(2, 500).default(10),
  REDIS_URL: url(['redis:', 'rediss:']).optional(),
  REDIS_CLUSTER_NODES: commaList.optional(),
  REDIS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'letters, digits, _ and -' })
    .default('gw'),
  HTTP_PROXY: proxyUrl.optional(),
  HTTPS_PROXY: proxyUrl.optional(),
  NO_PROXY: z.string().optional(),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).optional(),
  JWT_SECRET: longSecret.optional(),
  JWT_JWKS_URL: httpUrl.optional(),
  JWT_ISSUER: z.string().min(1).optional(),
  JWT_AUDIENCE: z.string().min(1).optional(),
  JWT_ADMIN_SCOPE: z.string().min(1).default('gateway:admin'),
  JWT_MAX_LIFE_SECONDS: wholeNumber(60, 3_155_760_000).optional(),
  JWT_ACCOUNTS: oneOf(['any', 'known']).default('any'),
  JWT_ACCOUNTS_PER_MINUTE: wholeNumber(0, 10_000_000).default(60),
  ADMIN_API_KEY: longSecret.optional(),
  SECRETS_KEY: thirtyTwoBytes.optional(),
  SECRETS_KEY_PREVIOUS: commaList
    .refine((parts) => parts.every((part) => readKey(part) !== null), {
      error: 'keys of 32 bytes, as base64 or as 64 hex digits, separated by commas',
    })
    .transform((parts) => parts.flatMap((part) => readKey(part) ?? []))
    .default([]),
  CORS_ORIGINS: origins.default([]),
  TRUST_PROXY: proxies.default([]),
  RATE_LIMIT_PER_MINUTE: wholeNumber(0, 10_000_000).optional(),
  BODY_LIMIT_BYTES: wholeNumber(1024, 1_073_741_824).default(20 * 1024 * 1024),
  ...quotaVariables(),
  RATE_LIMIT_BYTES_PER_MINUTE: wholeNumber(0, 1_000_000_000_000).optional(),
  RATE_LIMIT_CPU_MS_PER_MINUTE: wholeNumber(0, 10_000_000).optional(),
  BODIES_MEMORY_BYTES: wholeNumber(1024 * 1024, 1_073_741_824 * 64).default(256 * 1024 * 1024),
  WEBHOOK_ALLOW_PRIVATE: onOff.default(false),
  WEBHOOK_RETRY_SECONDS: commaList
    .refine((parts) => parts.length > 0 && parts.every((part) => Number(part) >= 0), {
      error: 'numbers of seconds, separated by commas',
    })
    .transform((parts) => parts.map(Number))
    .default([5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]),
  CONTENT_RETENTION_DAYS: wholeNumber(1, 36_500).default(30),
  LEASE_SECONDS: wholeNumber(1, 3600).default(30),
  WORKER_CONCURRENCY: wholeNumber(1, 10_000).default(50),
  EXPRESS: z.enum(['on', 'off']).optional(),
  SYNC_TIMEOUT_SECONDS: wholeNumber(1, 3600).default(600),
  SHUTDOWN_GRACE_SECONDS: wholeNumber(0, 3600).default(20),
  METRICS_TOKEN: z.string().min(1).optional(),
  OPENAI_API_KEY: z.string().min(1).optional(),
  OPENAI_BASE_URL: httpUrl.optional(),
  ANTHROPIC_API_KEY: z.string().min(1).optional(),
  ANTHROPIC_BASE_URL: httpUrl.optional(),
  GEMINI_API_KEY: z.string().min(1).optional(),
  GOOGLE_GEMINI_API_KEY: z.string().min(1).optional(),
  GEMINI_BASE_URL: httpUrl.optional(),
  OPENAI_RPM: wholeNumber(1, 10_000_000).optional(),
  OPENAI_TPM: wholeNumber(1, 100_000_000_000).optional(),
  OPENAI_MAX_CONCURRENCY: wholeNumber(1, 100_000).optional(),
  ANTHROPIC_RPM: wholeNumber(1, 10_000_000).optional(),
  ANTHROPIC_TPM: wholeNumber(1, 100_000_000_000).optional(),
  ANTHROPIC_MAX_CONCURRENCY: wholeNumber(1, 100_000).optional(),
  GEMINI_RPM: wholeNumber(1, 10_000_000).optional(),
  GEMINI_TPM: wholeNumber(1, 100_000_000_000).optional(),
  GEMINI_MAX_CONCURRENCY: wholeNumber(1, 100_000).optional(),
  SIMULATOR: onOff.optional(),
  SIMULATOR_URL: httpUrl.optional(),
  MODELS_FILE: z.string().min(1).optional(),
  PROVIDERS_FILE: z.string().min(1).optional(),
  FAILPOINTS: failpoints.default([]),
  OTEL_EXPORTER_OTLP_ENDPOINT: laterOnly,
  LANGFUSE_PUBLIC_KEY: laterOnly,
  LANGFUSE_SECRET_KEY: laterOnly,
  LANGFUSE_BASE_URL: laterOnly,
});
