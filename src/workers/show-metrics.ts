import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Config } from '../shared/config.ts';
import type { Metrics } from '../shared/metrics.ts';
import type { Log } from '../shared/telemetry.ts';

/**
 * A small door for a process that serves no API: `/metrics` for Prometheus and `/health/live` for whoever restarts it. Opened
 * only when PORT is set; when the port is taken, by the API of the same environment, the process goes on without it.
 */
export function showMetrics(deps: { config: Config; metrics: Metrics; log: Log }): () => Promise<void> {
  const { http } = deps.config;
  if (!http.portGiven) return async () => undefined;
  const server = createServer((request, response) => {
    void answer(deps, request, response);
  });
  server.on('error', (error) => deps.log.warn({ error }, 'metrics are not shown'));
  server.listen(http.port, http.host);
  server.unref();
  return () => new Promise((closed) => server.close(() => closed()));
}

async function answer(
  { config, metrics }: { config: Config; metrics: Metrics },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { metricsToken } = config.http;
  if (request.url === '/health/live') {
    response.end('{"status":"ok"}');
  } else if (request.url !== '/metrics') {
    response.writeHead(404).end();
  } else if (metricsToken !== null && request.headers.authorization !== `Bearer ${metricsToken}`) {
    response.writeHead(401).end();
  } else {
    response.setHeader('content-type', metrics.registry.contentType).end(await metrics.registry.metrics());
  }
}
