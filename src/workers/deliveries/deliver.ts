import { failpoint } from '../../shared/platform/failpoints.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { retryWhileUnavailable } from '../../shared/platform/postgres/retry-while-unavailable.ts';
import {
  type ClaimedDelivery,
  type DeliveryRecord,
  releaseDelivery,
} from '../../shared/webhooks/sql/claim-deliveries.ts';
import { type ReportTryDeps, reportTry } from './report-try.ts';
import { type RunDeliveryDeps, runDelivery } from './run-delivery.ts';

export type DeliverDeps = ReportTryDeps & {
  sql: Database;
  run: RunDeliveryDeps;
  record(record: DeliveryRecord): Promise<boolean>;
  /** Aborted when the process ends and does not wait for receivers any longer. */
  closing: AbortSignal;
  isStopping(): boolean;
  /** The delivery is tried again after this long. */
  onRetry(delayMs: number): void;
};

/**
 * While the database is unavailable, recording is tried for this long; then the lease ends, and the webhook
 * is posted again.
 */
const recordMaxWaitMs = 60_000;

/**
 * Tries one claimed delivery: posts it, records what came of it, and reports it. Never rejects. One that is
 * broken off because the process closes is released at once; one that could not be recorded is tried again by
 * another worker when its lease ends, with the same id and the same bytes.
 */
export async function deliver(deps: DeliverDeps, delivery: ClaimedDelivery, token: string): Promise<void> {
  const { id, attempt, isProbe } = delivery;
  try {
    await failpoint('delivery.claimed');
    const { result, decision } = await runDelivery(deps.run, delivery, deps.closing);
    await failpoint('delivery.posted');
    const record = { id, token, attempt, isProbe, result, decision };
    const isInTime = await retryWhileUnavailable(() => deps.record(record), {
      maxWaitMs: recordMaxWaitMs,
      isStopping: deps.isStopping,
    });
    await failpoint('delivery.recorded');
    if (decision.kind === 'again') deps.onRetry(decision.delayMs);
    reportTry(deps, delivery, result, isInTime ? decision.kind : 'too late');
  } catch (error) {
    if (deps.closing.aborted) {
      await releaseDelivery(deps.sql, { id, token, attempt }).catch(() => undefined);
      return;
    }
    deps.log.error({ delivery_id: id, attempt, error }, 'a delivery could not be tried or recorded');
  }
}
