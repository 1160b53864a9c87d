import type { FastifyRequest } from 'fastify';
import type { BatchOrderer } from '../intake/create-batch.ts';
import { accountOf, limitOf } from './caller.ts';
import { asksAgain, fingerprintOf } from './idempotent.ts';

/** Who orders a batch with this request, and as what. */
export function batchOrdererOf(request: FastifyRequest): BatchOrderer {
  return {
    accountId: accountOf(request),
    openMax: limitOf(request, 'open_batches'),
    fingerprint: fingerprintOf(request),
    asksAgain: asksAgain(request),
  };
}
