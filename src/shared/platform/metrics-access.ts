import { hash, timingSafeEqual } from 'node:crypto';
import type { Config } from './config/config.ts';

/**
 * Whether a request may read the metrics, by its `Authorization`: with METRICS_TOKEN its bearer alone.
 * Without one everybody in development, and where only this machine can reach the port; else nobody.
 */
export function createMetricsAccess({
  metricsToken,
  metricsOpen,
}: Pick<Config['http'], 'metricsToken' | 'metricsOpen'>): (authorization: string | undefined) => boolean {
  if (metricsToken === null) return () => metricsOpen;
  const expected = sha256(`Bearer ${metricsToken}`);
  return (authorization = '') => timingSafeEqual(sha256(authorization), expected);
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
