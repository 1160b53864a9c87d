import { createGroupCommit } from '../../shared/platform/group-commit/group-commit.ts';
import type { Log } from '../../shared/platform/log.ts';
import type { Metrics } from '../../shared/platform/metrics.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { groupFaultOf } from '../../shared/platform/postgres/database-errors.ts';
import type { EndpointThresholds } from '../../shared/webhooks/rules/delivery.ts';
import { type DeliveryRecord, recordDeliveries } from '../../shared/webhooks/sql/claim-deliveries.ts';

export type RecordTriesDeps = { sql: Database; log: Log; metrics?: Pick<Metrics, 'endpointsDisabled'> };

/**
 * Records tries, those of the same moment in one statement, with what they say of their endpoints. Resolves
 * with whether the lease still held; a try that comes too late changes nothing.
 */
export function createRecordTry(
  { sql, log, metrics }: RecordTriesDeps,
  thresholds: EndpointThresholds,
): (record: DeliveryRecord) => Promise<boolean> {
  return createGroupCommit<DeliveryRecord, boolean>({
    commit: async (records) => {
      const { inTime, disabled } = await recordDeliveries(sql, records, thresholds);
      for (const { id, reason } of disabled) {
        metrics?.endpointsDisabled.inc({ reason });
        log.warn({ endpoint_id: id, reason }, 'a webhook endpoint was disabled');
      }
      return inTime;
    },
    bytesOf: () => 400,
    faultOf: groupFaultOf,
  });
}
