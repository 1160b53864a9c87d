import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { cacheForASecond } from '../shared/platform/cache-for-a-second.ts';
import type { Config } from '../shared/platform/config/config.ts';
import type { Log } from '../shared/platform/log.ts';
import type { Metrics } from '../shared/platform/metrics.ts';
import { createMetricsAccess } from '../shared/platform/metrics-access.ts';

/**
 * A small HTTP server for a process that serves no API: `/metrics` for Prometheus and `/health/live` for
 * whoever restarts it. Opened only when PORT is set; when the port is taken, by the API of the same
 * environment, the process goes on without it.
 */
export function serveMetrics(deps: { config: Config; metrics: Metrics; log: Log }): () => Promise<void> {
  const { http } = deps.config;
  if (!http.portGiven) return async () => undefined;
  const { registry } = deps.metrics;
  const access: Access = {
    mayRead: createMetricsAccess(http),
    read: cacheForASecond(() => registry.metrics()),
    contentType: registry.contentType,
  };
  const server = createServer((request, response) => {
    void answer(access, request, response).catch(() => response.destroy());
  });
  server.on('error', (error) => deps.log.warn({ error }, 'metrics are not shown'));
  server.listen(http.port, http.host);
  server.unref();
  return () => new Promise((closed) => server.close(() => closed()));
}

type Access = {
  mayRead: ReturnType<typeof createMetricsAccess>;
  read(): Promise<string>;
  contentType: string;
};

async function answer(access: Access, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('cache-control', 'no-store');
  if (request.url === '/health/live') {
    response.end('{"status":"ok"}');
  } else if (request.url !== '/metrics') {
    response.writeHead(404).end();
  } else if (!access.mayRead(request.headers.authorization)) {
    response.writeHead(401).end();
  } else {
    response.setHeader('content-type', access.contentType).end(await access.read());
  }
}
