import { randomBytes } from 'node:crypto';
import type { InjectOptions } from 'fastify';
import { createApiKey } from '../../src/api/auth/api-keys.ts';
import type { App } from '../../src/api/http/app.ts';
import { readProviderStatus } from '../../src/api/provider-status.ts';
import { buildServer } from '../../src/api/server.ts';
import type { ServerDeps } from '../../src/api/server-deps.ts';
import { insertAccount } from '../../src/shared/accounts/sql/accounts.ts';
import { insertApiKey } from '../../src/shared/accounts/sql/api-keys.ts';
import { loadCatalogue } from '../../src/shared/catalogue/catalogue.ts';
import type { Models } from '../../src/shared/catalogue/load-models.ts';
import { createJobEvents } from '../../src/shared/events/job-events.ts';
import { createLedger } from '../../src/shared/jobs/ledger.ts';
import type { ProviderConfig } from '../../src/shared/platform/config/built-in-providers.ts';
import { defaultLimits } from '../../src/shared/platform/config/quotas.ts';
import { createLog } from '../../src/shared/platform/log.ts';
import { createMetrics } from '../../src/shared/platform/metrics.ts';
import { type Database, openDatabase } from '../../src/shared/platform/postgres/database.ts';
import { openRedis, type RedisConnection } from '../../src/shared/platform/redis/redis.ts';
import { createSignals } from '../../src/shared/platform/redis/signals.ts';
import { openSubscriber, type Subscriber } from '../../src/shared/platform/redis/subscriber.ts';
import { toSecretsKey } from '../../src/shared/platform/seal.ts';
import { createGate, limitsFrom } from '../../src/shared/queue/gate.ts';
import { createValidator } from '../../src/shared/validation/validator.ts';
import { createTestDatabase } from '../support/database.ts';
import { testRedis } from '../support/redis.ts';
import { type Document, undocumented } from './documented.ts';

export const adminKey = 'the-operator-key-of-these-tests-0123456789';
export const jwtSecret = 'the-shared-secret-of-these-tests-0123456789';

export type TestServer = {
  app: App;
  /** As the run-time role. */
  sql: Database;
  /** Where it is reached. */
  appUrl: string;
  /** As the owner of the schema. */
  owner: Database;
  deps: ServerDeps;
  /** A new account with money in nano-USD, and a key of it. */
  openAccount(options?: { usd?: string; scopes?: ('jobs' | 'read' | 'admin')[] }): Promise<TestAccount>;
  /** An injected request; `as` is the credential, a body is sent as JSON. */
  call(request: string, options?: CallOptions): Promise<TestAnswer>;
  close(): Promise<void>;
};

export type TestAccount = { id: string; key: string; keyId: string };
export type CallOptions = { as?: string; body?: unknown; headers?: Record<string, string> };
export type TestAnswer = {
  status: number;
  headers: Record<string, string | undefined>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at any field
  json: any;
};

/** A whole server over a database of its own. `change` alters what it is built with. */
export async function openTestServer(
  change: (deps: ServerDeps) => void = () => undefined,
): Promise<TestServer> {
  const database = await createTestDatabase();
  const settings = { poolMax: 10, prepare: true, applicationName: 'test' };
  const sql = openDatabase({ url: database.appUrl, ...settings });
  const owner = openDatabase({ url: database.ownerUrl, ...settings });
  const { url, prefix } = testRedis();
  const open = (purpose: 'commands' | 'blocking') =>
    openRedis({ url, clusterNodes: null, prefix }, purpose, () => undefined);
  const commands = open('commands');
  const subscriber = openSubscriber({ redis: commands, connection: open('blocking'), prefix });
  const redis = { commands, subscriber, prefix };
  const deps = testDeps(sql, redis);
  change(deps);
  const app = await buildServer(deps);
  const server = { app, sql, appUrl: database.appUrl, owner, deps };
  return {
    ...server,
    openAccount: (options = {}) => openAccount(sql, (request, given) => call(app, request, given), options),
    call: (request, options = {}) => call(app, request, options),
    async close() {
      await app.close();
      await deps.validator.stop();
      redis.commands.disconnect();
      redis.subscriber.close();
      await sql.end();
      await owner.end();
      await database.drop();
    },
  };
}

/** The built-in models, with the simulator in the place of OpenAI and no other provider. */
function testModels(): Models {
  const provider: ProviderConfig = {
    name: 'openai',
    kind: 'openai',
    baseUrl: 'http://127.0.0.1:9/v1',
    apiKey: null,
    simulated: true,
    requestsPerMinute: null,
    tokensPerMinute: null,
    maxConcurrency: null,
  };
  return { catalogue: loadCatalogue(), providers: [provider] };
}

function testDeps(
  sql: Database,
  redis: { commands: RedisConnection; subscriber: Subscriber; prefix: string },
): ServerDeps {
  const { commands, subscriber, prefix } = redis;
  const log = createLog('silent', 'test');
  const models = testModels();
  const gate = createGate({
    redis: commands,
    prefix,
    slotMs: 90_000,
    limitsOf: limitsFrom(models.providers),
  });
  return {
    express: null,
    config: {
      http: {
        port: 0,
        portGiven: false,
        host: '127.0.0.1',
        publicUrl: null,
        corsOrigins: [],
        trustProxy: [],
        bodyLimitBytes: 100_000,
        requestsPerMinute: 0,
        metricsToken: null,
        metricsOpen: true,
        bodiesBytesMax: 256 * 1024 * 1024,
        bodyBudgets: { bytesPerMinute: 0, cpuMsPerMinute: 0 },
      },
      auth: {
        jwtSecret,
        jwksUrl: null,
        issuer: null,
        audience: null,
        adminScope: 'gateway:admin',
        adminApiKey: adminKey,
        maxLifeSeconds: null,
        accountsByToken: 0,
      },
      secretsKey: toSecretsKey(Buffer.alloc(32, 'a key of the tests')),
      limits: defaultLimits(() => undefined),
      work: { syncTimeoutSeconds: 30, shutdownGraceSeconds: 1 },
      webhooks: { allowPrivate: false, retrySeconds: [1] },
    },
    log,
    sql,
    metrics: createMetrics(),
    models,
    ledger: createLedger(
      sql,
      defaultLimits(() => undefined),
    ),
    validator: createValidator(
      { webhooks: { allowPrivate: false, retrySeconds: [1] }, modelsFile: null, providersFile: null },
      models,
    ),
    signals: createSignals(commands, null, prefix),
    events: createJobEvents({ redis: commands, subscriber, prefix, log }),
    providerStatus: () => readProviderStatus({ sql, gate, models, concurrency: { leaseSeconds: 30 } }),
    pingRedis: () => commands.ping(),
    queues: [],
  };
}

const documents = new WeakMap<App, Document>();

/** The document of a server, read once; every answer of these tests has to be in it. */
async function documentOf(app: App): Promise<Document> {
  const known = documents.get(app);
  if (known !== undefined) return known;
  const document = (await app.inject('/openapi.json')).json() as Document;
  documents.set(app, document);
  return document;
}

async function call(app: App, request: string, options: CallOptions = {}): Promise<TestAnswer> {
  const [method = 'GET', url = ''] = request.split(' ', 2);
  const { as, body, headers } = options;
  const answer = await app.inject({
    method: method as NonNullable<InjectOptions['method']>,
    url,
    headers: {
      ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  } as InjectOptions);
  const isJson = /^application\/json\b/.test(String(answer.headers['content-type']));
  const json = isJson && answer.body !== '' ? answer.json() : null;
  const fault = undocumented(await documentOf(app), { method, url }, { status: answer.statusCode, json });
  if (fault !== null) throw new Error(fault);
  return {
    status: answer.statusCode,
    headers: answer.headers as Record<string, string | undefined>,
    text: answer.body,
    json,
  };
}

async function openAccount(
  sql: Database,
  ask: TestServer['call'],
  options: { usd?: string; scopes?: ('jobs' | 'read' | 'admin')[] },
): Promise<TestAccount> {
  const id = `acct_${randomBytes(8).toString('hex')}`;
  await insertAccount(sql, { id, name: 'A test account' });
  const { id: keyId, token, secretSha256 } = createApiKey();
  await insertApiKey(sql, {
    id: keyId,
    accountId: id,
    scopes: options.scopes ?? ['jobs'],
    expiresAt: null,
    secretSha256,
  });
  if (options.usd !== undefined) {
    const body = { amount_usd: options.usd, description: 'for the test' };
    const credit = await ask(`POST /v1/admin/accounts/${id}/credits`, { as: adminKey, body });
    if (credit.status !== 201) throw new Error(credit.text);
  }
  return { id, key: token, keyId };
}
