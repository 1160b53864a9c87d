import type { Log } from '../../shared/platform/log.ts';
import type { Metrics } from '../../shared/platform/metrics.ts';
import type { PostResult } from '../../shared/webhooks/rules/delivery.ts';
import type { ClaimedDelivery } from '../../shared/webhooks/sql/claim-deliveries.ts';

export type ReportTryDeps = { log: Log; metrics?: Pick<Metrics, 'deliveriesTried' | 'deliveryDuration'> };

/**
 * Counts a try and writes it to the log; one that could not be signed as an error, since only the operator
 * can mend it.
 */
export function reportTry(
  { log, metrics }: ReportTryDeps,
  { id, attempt }: Pick<ClaimedDelivery, 'id' | 'attempt'>,
  { outcome, statusCode, error, durationMs }: PostResult,
  verdict: string,
): void {
  metrics?.deliveriesTried.inc({ outcome });
  metrics?.deliveryDuration.observe(durationMs / 1000);
  if (error === 'signing_failed') {
    const message = 'a webhook cannot be signed: is SECRETS_KEY another?';
    log.error({ delivery_id: id, attempt, verdict }, message);
    return;
  }
  const facts = { outcome, status: statusCode, reason: error, duration_ms: durationMs, verdict };
  log.info({ delivery_id: id, attempt, ...facts }, 'webhook posted');
}
