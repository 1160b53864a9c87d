import type { PostResult } from '../../../src/shared/webhooks/rules/delivery.ts';
import type { ClaimedDelivery } from '../../../src/shared/webhooks/sql/claim-deliveries.ts';

/** A delivery to the URL of a job, in its first try. */
export function aDelivery(change: Partial<ClaimedDelivery> = {}): ClaimedDelivery {
  return {
    id: 'dlv_1',
    accountId: 'acct_1',
    eventId: 'evt_1',
    endpointId: null,
    receiver: 'a.example',
    url: 'http://a.example/',
    body: '{"data":{}}',
    attempt: 1,
    tries: 1,
    isProbe: false,
    secret: null,
    previousSecret: null,
    ...change,
  };
}

/** A POST that was answered with 200. */
export function aPostResult(change: Partial<PostResult> = {}): PostResult {
  return {
    outcome: 'delivered',
    statusCode: 200,
    error: null,
    retryAfterMs: null,
    durationMs: 1,
    remoteIp: null,
    ...change,
  };
}
