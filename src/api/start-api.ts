import type { AddressInfo } from 'node:net';
import type { Models } from '../shared/catalogue/load-models.ts';
import type { Infra } from '../shared/infra.ts';
import type { Express } from '../shared/jobs/express.ts';
import type { Config } from '../shared/platform/config/config.ts';
import type { Log } from '../shared/platform/log.ts';
import { waitAtMost } from '../shared/platform/wait-at-most.ts';
import { createGate, limitsFrom } from '../shared/queue/gate.ts';
import type { Validator } from '../shared/validation/validator.ts';
import type { App } from './http/app.ts';
import { readProviderStatus } from './provider-status.ts';
import { buildServer } from './server.ts';

/** For saying goodbye to those who did not end within the grace time. */
const closingFrameMs = 3000;

export type ApiDeps = {
  config: Config;
  infra: Infra;
  log: Log;
  models: Models;
  validator: Validator;
  express: Express | null;
};

/**
 * Starts the HTTP side and says where it listens. Stopping refuses new requests and gives running ones the
 * grace time.
 */
export async function startApi(deps: ApiDeps): Promise<{ url: string; stop(): Promise<void> }> {
  const { config, infra, log, models, validator, express } = deps;
  const gate = createGate({
    redis: infra.redis,
    prefix: config.redis.prefix,
    slotMs: config.work.leaseSeconds * 3000,
    limitsOf: limitsFrom(models.providers),
  });
  const app = await buildServer({
    config,
    log,
    sql: infra.sql,
    metrics: infra.metrics,
    models,
    validator,
    express,
    ledger: infra.ledger,
    signals: infra.signals,
    events: infra.events,
    pingRedis: () => infra.redis.ping(),
    queues: [...infra.queues.values()],
    providerStatus: () => readProviderStatus({ sql: infra.sql, gate, models, concurrency: config.work }),
  });
  const url = await listen(app, config, log);
  log.info({ url }, 'listening');
  const maxWaitMs = config.work.shutdownGraceSeconds * 1000 + closingFrameMs;
  return { url, stop: () => waitAtMost(maxWaitMs, app.close()) };
}

/** Listens on the configured port; when none was asked for and the usual one is taken, on a free one. */
async function listen(app: App, { http }: Config, log: Log): Promise<string> {
  try {
    await app.listen({ port: http.port, host: http.host });
  } catch (error) {
    if (http.portGiven || (error as { code?: string }).code !== 'EADDRINUSE') throw error;
    log.warn(
      { port: http.port },
      'the usual port is taken: listening on a free one; set PORT to have a certain one',
    );
    await app.listen({ port: 0, host: http.host });
  }
  const { port } = app.server.address() as AddressInfo;
  const host = http.host === '0.0.0.0' || http.host === '::' ? '127.0.0.1' : http.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
