import type { Config } from './config.ts';
import { isLoopback } from './loopback.ts';

/** What is allowed and dangerous in a configuration, a sentence each, to be said once at the start. */
export function startWarnings({ environment, http, webhooks }: Config): string[] {
  const reachable = !isLoopback(http.host);
  const warnings: string[] = [];
  if (environment === 'development') {
    if (reachable) {
      warnings.push(
        `ENVIRONMENT=development on HOST=${http.host}: others can reach this, and there are no request limits; set ENVIRONMENT=production`,
      );
    }
    return warnings;
  }
  if (webhooks.allowPrivate) {
    warnings.push(
      'WEBHOOK_ALLOW_PRIVATE=on outside development: every tenant can make this server send requests to private addresses and to itself',
    );
  }
  if (http.metricsToken === null && !http.metricsOpen) {
    warnings.push('METRICS_TOKEN is not set: /metrics answers nobody');
  }
  return warnings;
}
