import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Refusal } from '../../shared/errors.ts';
import { messageBatchLimits } from '../../shared/formats/anthropic-messages/message-batch.ts';
import { messageHeaders } from '../../shared/formats/anthropic-messages/passed-message.ts';
import { readClientJson } from '../../shared/formats/common/client-json.ts';
import type { Config } from '../../shared/platform/config/config.ts';
import { requestLimits } from '../../shared/platform/json/measure-json.ts';
import type { Validator } from '../../shared/validation/validator.ts';
import { type BodyBudgets, createBodyBudgets } from './body-budgets.ts';
import { createBodySlots } from './body-slots.ts';
import { receiveBody, silenceMsMax } from './receive-body.ts';
import type { UnderWay } from './under-way.ts';
import { ValidatedBody } from './validated-body.ts';

/** SHA-256 of an empty body. */
export const emptySha256 = hash('sha256', '');

/**
 * Only what is validated may be longer, and is then read in a thread; anything else is read where everybody
 * waits for it.
 */
const plainBytesMax = 1024 * 1024;

/** Whoever sends more bodies at a time than may be on their way waits this long for the others. */
const slotWaitMs = 5000;

export type JsonBodyDeps = {
  config: Pick<Config, 'http'>;
  validator: Pick<Validator, 'body'>;
  bodies: UnderWay;
};

/**
 * Reads JSON bodies and keeps their hash on the request; those of routes that say what they are (`validates`)
 * are checked and priced too, the large ones in a thread. An empty body is no body. Rejects with a Refusal.
 */
export function createBodyReader({
  config,
  validator,
  bodies,
}: JsonBodyDeps): (request: FastifyRequest) => Promise<unknown> {
  const { http } = config;
  const slots = createBodySlots({ bodies, bytesMax: http.bodiesBytesMax, waitMs: slotWaitMs });
  const budgets = createBodyBudgets(http.bodyBudgets);
  return async (request) => {
    budgets.refuseSpent(request);
    const isBatch = request.routeOptions.config.validates === 'messageBatch';
    const limits = isBatch ? messageBatchLimits : requestLimits;
    const settings = { bytesMax: http.bodyLimitBytes, limits, silenceMsMax };
    const { bytes, sha256 } = await receiveBody(slots, settings, request);
    request.bodySha256 = sha256;
    budgets.spendBytes(request, bytes.length);
    if (bytes.length === 0) return undefined;
    return await readOrValidate(validator, budgets, request, bytes);
  };
}

async function readOrValidate(
  validator: Pick<Validator, 'body'>,
  budgets: BodyBudgets,
  request: FastifyRequest,
  bytes: Buffer,
): Promise<unknown> {
  const kind = request.routeOptions.config.validates;
  if (kind === undefined) return readPlain(budgets, request, bytes);
  const owner = {
    accountId: request.caller.accountId ?? '',
    defaultMaxOutputTokens: request.account?.defaultMaxOutputTokens ?? null,
  };
  const headers = kind === 'message' ? messageHeaders(request.headers) : {};
  const given = { bytes, owner, headers };
  const result = await validator.body(kind, given, (tookMs) => budgets.spendCpu(request, tookMs));
  return new ValidatedBody(result, isUnpriced(result) ? bytes : null, budgets);
}

function readPlain(budgets: BodyBudgets, request: FastifyRequest, bytes: Buffer): unknown {
  if (bytes.length > plainBytesMax) {
    throw new Refusal('too_large', `The body is larger than this route takes (${plainBytesMax} bytes)`);
  }
  const start = performance.now();
  try {
    return readClientJson(bytes);
  } finally {
    budgets.spendCpu(request, performance.now() - start);
  }
}

/** What goes on from something else is validated again with it. */
function isUnpriced(result: object): boolean {
  return 'priced' in result && result.priced === null;
}
