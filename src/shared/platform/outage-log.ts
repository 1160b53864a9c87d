import type { Log } from './log.ts';
import { isCertificateError } from './outgoing/certificate-errors.ts';

/**
 * Says once that a service is away, and once that it is back, however many connections notice and however
 * often.
 */
export type OutageLog = {
  /** `source` is the connection that noticed. */
  failed(source: string, error: unknown): void;
  recovered(source: string): void;
};

/**
 * One line at `warn` when the first connection fails, one at `info` when the last that had failed is well
 * again.
 */
export function createOutageLog(log: Log, service: 'redis' | 'postgres'): OutageLog {
  const down = new Set<string>();
  return {
    failed: (source, error) => {
      const text = isCertificateError(error)
        ? `the certificate of ${service} cannot be verified: name the file of its CA in NODE_EXTRA_CA_CERTS`
        : `${service} does not answer`;
      if (down.size === 0) log.warn({ connection: source, error }, text);
      down.add(source);
    },
    recovered: (source) => {
      if (down.delete(source) && down.size === 0)
        log.info({ connection: source }, `${service} answers again`);
    },
  };
}
