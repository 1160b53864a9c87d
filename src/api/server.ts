import type { FastifyBaseLogger } from 'fastify';
import { pingDatabase } from '../shared/accounts/sql/operations.ts';
import type { Models } from '../shared/catalogue/load-models.ts';
import type { JobEvents } from '../shared/events/job-events.ts';
import type { Ledger } from '../shared/jobs/ledger.ts';
import type { QuoteDeps } from '../shared/jobs/submission.ts';
import { BackgroundTasks } from '../shared/platform/background-tasks.ts';
import type { Config } from '../shared/platform/config/config.ts';
import type { Metrics } from '../shared/platform/metrics.ts';
import { noProxy, type ProxySettings } from '../shared/platform/outgoing/proxy-for.ts';
import type { Database } from '../shared/platform/postgres/database.ts';
import type { Signals } from '../shared/platform/redis/signals.ts';
import type { Validator } from '../shared/validation/validator.ts';
import { type AccountCache, createAccountCache } from './auth/account-cache.ts';
import { type ApiKeys, createApiKeys } from './auth/api-keys.ts';
import { createAuthenticator } from './auth/authenticate.ts';
import { createTokenCheck } from './auth/jwt.ts';
import { createStreamTokens } from './auth/stream-token.ts';
import type { App } from './http/app.ts';
import { createClientAddress } from './http/client-address.ts';
import { closeUnread } from './http/close-unread.ts';
import { createCredentialWatch } from './http/credential-watch.ts';
import { describeRoutes, serveDocuments } from './http/documents.ts';
import { createEventStreams } from './http/event-stream.ts';
import { addRequestId, createRequestLog, drainOnClose, rejectUnstorableUrl } from './http/hooks.ts';
import { createRequestLimit } from './http/limit-requests.ts';
import { completeLocations } from './http/links.ts';
import { answerOddRequests } from './http/odd-requests.ts';
import { addSecurityHeaders, openServer, warnOfProxy } from './http/open-server.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { requireScopes } from './http/scopes.ts';
import { createUnderWay, type UnderWay } from './http/under-way.ts';
import { createGaugeRefresh } from './refresh-gauges.ts';
import { createKey } from './routes/account/create-key.ts';
import { deleteKey } from './routes/account/delete-key.ts';
import { getWebhookSecret } from './routes/account/get-webhook-secret.ts';
import { listKeys } from './routes/account/list-keys.ts';
import { listTransactions } from './routes/account/list-transactions.ts';
import { readBalance } from './routes/account/read-balance.ts';
import { readAccountLimits, readLimits } from './routes/account/read-limits.ts';
import { readUsage } from './routes/account/read-usage.ts';
import { rotateWebhookSecret } from './routes/account/rotate-webhook-secret.ts';
import { changeAccount } from './routes/admin/change-account.ts';
import { checkLedger } from './routes/admin/check-ledger.ts';
import { createAccount } from './routes/admin/create-account.ts';
import { createAccountKey } from './routes/admin/create-account-key.ts';
import { createCredit } from './routes/admin/create-credit.ts';
import { deleteAccountKey } from './routes/admin/delete-account-key.ts';
import { listAccounts } from './routes/admin/list-accounts.ts';
import { listAllJobs } from './routes/admin/list-all-jobs.ts';
import { listProviders } from './routes/admin/list-providers.ts';
import { pauseProvider } from './routes/admin/pause-provider.ts';
import type { ProviderStatusDeps } from './routes/admin/provider-status.ts';
import { readAccount } from './routes/admin/read-account.ts';
import { resumeProvider } from './routes/admin/resume-provider.ts';
import { addMessageBatchRoutes } from './routes/anthropic/batches/add-message-batch-routes.ts';
import { countMessageTokens } from './routes/anthropic/count-message-tokens.ts';
import { createMessage } from './routes/anthropic/create-message.ts';
import { addBatchRoutes } from './routes/batches/add-batch-routes.ts';
import { getDelivery } from './routes/deliveries/get-delivery.ts';
import { listDeliveries } from './routes/deliveries/list-deliveries.ts';
import { replayDelivery } from './routes/deliveries/replay-delivery.ts';
import { addFileRoutes } from './routes/files/add-file-routes.ts';
import { cancelJob } from './routes/jobs/cancel-job.ts';
import { cancelJobs } from './routes/jobs/cancel-jobs.ts';
import { createEstimate } from './routes/jobs/create-estimate.ts';
import { createJob } from './routes/jobs/create-job.ts';
import { createStreamToken } from './routes/jobs/create-stream-token.ts';
import { deleteJob } from './routes/jobs/delete-job.ts';
import { getJob } from './routes/jobs/get-job.ts';
import { listAttempts } from './routes/jobs/list-attempts.ts';
import { listJobs } from './routes/jobs/list-jobs.ts';
import { retryJob } from './routes/jobs/retry-job.ts';
import { streamJob } from './routes/jobs/stream-job.ts';
import { streamJobs } from './routes/jobs/stream-jobs.ts';
import { listModels } from './routes/models/list-models.ts';
import { readModel } from './routes/models/read-model.ts';
import { refuseEmbeddings } from './routes/models/refuse-embeddings.ts';
import { cancelResponse } from './routes/openai/cancel-response.ts';
import { createChatCompletion } from './routes/openai/create-chat-completion.ts';
import { createResponse } from './routes/openai/create-response.ts';
import { deleteResponse } from './routes/openai/delete-response.ts';
import { getResponse } from './routes/openai/get-response.ts';
import { listResponseItems } from './routes/openai/list-response-items.ts';
import { mountQueueBoard, type ShownQueue } from './routes/operations/mount-queue-board.ts';
import { readHealth } from './routes/operations/read-health.ts';
import { readLiveness } from './routes/operations/read-liveness.ts';
import { readMetrics } from './routes/operations/read-metrics.ts';
import { readReadiness } from './routes/operations/read-readiness.ts';
import { addEndpointRoutes } from './routes/webhook-endpoints/add-endpoint-routes.ts';
import { createCallRecorder } from './sync/record-calls.ts';
import { createFinalWatch } from './watch/final-watch.ts';
import { createJobWatcher } from './watch/job-watcher.ts';

export type ServerDeps = ProviderStatusDeps & {
  models: Models;
  validator: Validator;
  ledger: Ledger;
  signals: Signals;
  events: JobEvents;
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

/** What the server makes for its own routes. */
export type ServerParts = {
  accounts: AccountCache;
  apiKeys: ApiKeys;
  closing: AbortSignal;
  eventStreams: UnderWay;
  waits: UnderWay;
  bodies: UnderWay;
};

/**
 * Builds the HTTP server with every route, ready to listen (or to be injected into). It owns nothing that was
 * passed in: the caller closes the server first, then the rest.
 */
export async function buildServer(deps: ServerDeps): Promise<App> {
  const bodies = createUnderWay('bodies');
  const app = openServer({ ...deps, bodies });
  const parts: ServerParts = {
    bodies,
    waits: createUnderWay('waits'),
    accounts: createAccountCache(deps.sql, deps.config.limits),
    apiKeys: createApiKeys(deps.sql),
    closing: drainOnClose(app),
    eventStreams: createUnderWay('event_streams'),
  };
  requireScopes(app);
  app.addHook('onRequest', addRequestId);
  answerOddRequests(app);
  closeUnread(app);
  completeLocations(app, deps.config.http.publicUrl);
  warnOfProxy(app, deps);
  await addSecurityHeaders(app, deps);
  app.addHook('onRequest', createAuthenticator(authenticateDeps(deps, parts)));
  app.addHook('onRequest', createRequestLimit(deps.config.http));
  app.addHook('onRequest', rejectUnstorableUrl);
  app.addHook('onResponse', createRequestLog(deps.metrics));
  await describeRoutes(app, deps.config.http.publicUrl);
  await addRoutes(app, { ...deps, ...parts });
  await serveDocuments(app);
  await app.ready();
  return app;
}

/** The explicit list of routes. */
async function addRoutes(app: App, deps: ServerDeps & ServerParts): Promise<void> {
  addJobRoutes(app, deps);
  await addFileRoutes(app, deps);
  addBatchRoutes(app, { sql: deps.sql, validator: deps.validator, webhooks: deps.config.webhooks });
  addMessageBatchRoutes(app, deps);

  readBalance(app, deps);
  readLimits(app, deps);
  listTransactions(app, deps);
  readUsage(app, deps);
  listKeys(app, deps);
  createKey(app, deps);
  deleteKey(app, deps);
  getWebhookSecret(app, deps);
  rotateWebhookSecret(app, deps);
  listDeliveries(app, deps);
  getDelivery(app, deps);
  replayDelivery(app, deps);
  addEndpointRoutes(app, deps);

  const listed = { catalogue: deps.models.catalogue, providers: deps.models.providers };
  listModels(app, listed);
  readModel(app, listed);
  refuseEmbeddings(app);

  createAccount(app, deps);
  listAccounts(app, deps);
  readAccount(app, deps);
  readAccountLimits(app, deps);
  changeAccount(app, deps);
  createCredit(app, deps);
  createAccountKey(app, deps);
  deleteAccountKey(app, deps);
  listAllJobs(app, deps);
  checkLedger(app, deps);
  listProviders(app, deps);
  pauseProvider(app, deps);
  resumeProvider(app, deps);

  const health = { ...deps, pingDatabase: () => pingDatabase(deps.sql) };
  readHealth(app, health);
  readLiveness(app);
  readReadiness(app, health);
  const refreshGauges = createGaugeRefresh({ ...deps, providers: deps.models.providers });
  readMetrics(app, { ...deps, refreshGauges });
  await mountQueueBoard(app, deps);
}

function addJobRoutes(app: App, deps: ServerDeps & ServerParts): void {
  const intake = { ...quoting(deps), ledger: deps.ledger, signals: deps.signals };
  const finals = createFinalWatch(deps);
  app.addHook('onClose', async () => finals.stop());
  createJob(app, intake);
  createEstimate(app, { ...intake, sql: deps.sql });
  listJobs(app, deps);
  getJob(app, { ...deps, finals });
  cancelJob(app, deps);
  cancelJobs(app, deps);
  deleteJob(app, deps);
  retryJob(app, { ...intake, sql: deps.sql });
  listAttempts(app, deps);

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
  const watching = { watcher, streams, streamTokens: createStreamTokens(deps.config.secretsKey) };
  streamJob(app, { ...watching, apiKeys: deps.apiKeys });
  streamJobs(app, watching);
  createStreamToken(app, { ...watching, sql: deps.sql, config: deps.config });

  const { syncTimeoutSeconds } = deps.config.work;
  const backgroundTasks = new BackgroundTasks();
  app.addHook('onClose', () => backgroundTasks.drained());
  const recordCall = createCallRecorder(deps.sql);
  const calling = { recordCall, backgroundTasks, syncTimeoutSeconds };
  const answering = { ...deps, ...intake, ...watching, ...calling, credentials, finals };
  createChatCompletion(app, answering);
  createResponse(app, answering);
  getResponse(app, answering);
  cancelResponse(app, { ...deps, finals });
  deleteResponse(app, deps);
  listResponseItems(app, deps);
  createMessage(app, answering);
  countMessageTokens(app, { ...intake, sql: deps.sql });
}

/** What it takes to price a job. */
function quoting({ models, config }: ServerDeps): QuoteDeps {
  const providers = new Map(models.providers.map((provider) => [provider.name, provider]));
  return { catalogue: models.catalogue, providers, webhooks: config.webhooks };
}

function authenticateDeps(deps: ServerDeps, parts: ServerParts) {
  const { auth, http } = deps.config;
  return {
    sql: deps.sql,
    ...parts,
    checkToken: createTokenCheck({ ...auth, proxy: deps.config.proxy ?? noProxy }),
    adminApiKey: auth.adminApiKey,
    addressOf: createClientAddress(http.trustProxy),
    failures: createRateLimit(),
    // An address may fail as often as an account may ask.
    failuresPerMinute: http.requestsPerMinute,
    newAccounts: createRateLimit(),
    newAccountsPerMinute: auth.accountsByToken,
  };
}
