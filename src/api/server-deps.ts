import type { FastifyBaseLogger } from 'fastify';
import type { Models } from '../shared/catalogue/load-models.ts';
import type { JobEvents } from '../shared/events/job-events.ts';
import type { Express } from '../shared/jobs/express.ts';
import type { Ledger } from '../shared/jobs/ledger.ts';
import type { QuoteDeps } from '../shared/jobs/submission.ts';
import { BackgroundTasks } from '../shared/platform/background-tasks.ts';
import type { Config } from '../shared/platform/config/config.ts';
import type { Metrics } from '../shared/platform/metrics.ts';
import type { ProxySettings } from '../shared/platform/outgoing/proxy-for.ts';
import type { Database } from '../shared/platform/postgres/database.ts';
import type { Signals } from '../shared/platform/redis/signals.ts';
import type { Validator } from '../shared/validation/validator.ts';
import { type AccountCache, createAccountCache } from './auth/account-cache.ts';
import { type ApiKeys, createApiKeys } from './auth/api-keys.ts';
import { createStreamTokens, type StreamTokens } from './auth/stream-token.ts';
import type { App } from './http/app.ts';
import { createCredentialWatch } from './http/credential-watch.ts';
import { createEventStreams } from './http/event-streams.ts';
import { drainOnClose } from './http/hooks.ts';
import { createUnderWay, type UnderWay } from './http/under-way.ts';
import type { ProviderStatusDeps } from './routes/admin/provider-status.ts';
import type { ShownQueue } from './routes/operations/queue-board.ts';
import type { ReplyDeps } from './sync/reply-to-call.ts';
import { createFinalWatch } from './watch/final-watch.ts';
import { createJobWatcher } from './watch/job-watcher.ts';

/** What the server is built with and does not own. */
export type ServerDeps = ProviderStatusDeps & {
  models: Models;
  validator: Validator;
  ledger: Ledger;
  signals: Signals;
  events: JobEvents;
  /** Runs calls here whose clients wait; null where this process runs none. */
  express: Express | null;
  config: Pick<Config, 'http' | 'auth' | 'secretsKey' | 'webhooks' | 'limits'> & {
    proxy?: ProxySettings;
    work: Pick<Config['work'], 'syncTimeoutSeconds' | 'shutdownGraceSeconds'>;
  };
  log: FastifyBaseLogger;
  sql: Database;
  metrics: Metrics;
  /** Rejects when Redis does not answer. */
  pingRedis(): Promise<unknown>;
  /** How often open streams and waits look whether their credential still works. */
  credentialLookMs?: number;
  /** For Bull Board. */
  queues: ShownQueue[];
};

/** What the server makes for its hooks and its routes. */
export type ServerParts = {
  accounts: AccountCache;
  apiKeys: ApiKeys;
  closing: AbortSignal;
  eventStreams: UnderWay;
  waits: UnderWay;
  bodies: UnderWay;
};

/** Everything that a plugin of routes may use: each declares the part that it does. */
export type RouteDeps = ServerDeps & ServerParts & QuoteDeps & ReplyDeps & { streamTokens: StreamTokens };

/** Makes what hooks and routes share, with what ends it when the server closes. */
export function createServerParts(app: App, deps: ServerDeps, bodies: UnderWay): ServerParts {
  return {
    bodies,
    waits: createUnderWay('waits'),
    accounts: createAccountCache(deps.sql, deps.config.limits),
    apiKeys: createApiKeys(deps.sql),
    closing: drainOnClose(app),
    eventStreams: createUnderWay('event_streams'),
  };
}

/** Makes what the routes of several resources share, with what ends it when the server closes. */
export function createRouteDeps(app: App, deps: ServerDeps & ServerParts): RouteDeps {
  const finals = createFinalWatch(deps);
  app.addHook('onClose', async () => finals.stop());
  const watcher = createJobWatcher(deps);
  const credentials = createCredentialWatch(deps.apiKeys, deps.credentialLookMs);
  const streams = createEventStreams({
    onCount: (open) => deps.metrics.streamsOpen.set(open),
    watching: deps.eventStreams,
    credentials,
  });
  app.addHook('preClose', async () => streams.drain(deps.config.work.shutdownGraceSeconds * 1000));
  // Streams that may still end are looked after until they have.
  app.addHook('onClose', async () => watcher.stop());
  const streamTokens = createStreamTokens(deps.config.secretsKey);
  return {
    ...deps,
    ...quoting(deps),
    ...calling(app, deps),
    finals,
    watcher,
    credentials,
    streams,
    streamTokens,
  };
}

/** What it takes to price a job. */
function quoting({ models, config }: ServerDeps): QuoteDeps {
  const providers = new Map(models.providers.map((provider) => [provider.name, provider]));
  return { catalogue: models.catalogue, providers, webhooks: config.webhooks };
}

/** What it takes to run a job as a call whose client waits for the answer. */
function calling(app: App, { config }: ServerDeps) {
  const backgroundTasks = new BackgroundTasks();
  app.addHook('onClose', () => backgroundTasks.drained());
  return { backgroundTasks, syncTimeoutSeconds: config.work.syncTimeoutSeconds };
}
