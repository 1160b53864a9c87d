import type { FastifyRequest } from 'fastify';
import type { BatchSubmitter } from '../intake/create-batch.ts';
import { accountOf, limitOf } from './caller.ts';
import { fingerprintOf, isSdkRetry } from './idempotency-key.ts';

/** Who submits a batch with this request, and as what. */
export function batchSubmitterOf(request: FastifyRequest): BatchSubmitter {
  return {
    accountId: accountOf(request),
    openMax: limitOf(request, 'open_batches'),
    fingerprint: fingerprintOf(request),
    asksAgain: isSdkRetry(request),
  };
}
