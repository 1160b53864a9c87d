import type { BatchEndpointName } from '../domain/batch.ts';
import { Refusal } from '../domain/errors.ts';
import { newId } from '../domain/ids.ts';
import { nameFields } from '../requests/field-names.ts';
import { checkValue } from '../requests/json-values.ts';
import { type JobOrder, type QuoteDeps, quoteJob, toIntake } from '../requests/quote-job.ts';
import type { BatchLine } from '../sql/batch-moves.ts';
import { type BatchEndpoint, endpoints } from './endpoints.ts';
import { openaiError } from './line-answers.ts';
import type { ParsedLine } from './parse-line.ts';

const attemptsMax = 5;

export type LineOwner = {
  accountId: string;
  defaultMaxOutputTokens: number | null;
  endpoint: BatchEndpointName;
};

/** Prices the body of a line: the line as it is kept, with what its job will be made of, or with why it is refused. */
export function judgeLine(deps: QuoteDeps, owner: LineOwner, parsed: ParsedLine): BatchLine {
  const kept = { line: parsed.line, customId: parsed.customId };
  try {
    checkValue(parsed.body, [], parsed.escapes);
    return { ...kept, ...price(deps, owner, endpoints[owner.endpoint].read(parsed.body)), refusal: null };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const nothing = { jobId: null, holdNano: 0n, intake: null, request: null, targets: null, original: null };
    return { ...kept, ...nothing, refusal: openaiError(error) };
  }
}

function price(deps: QuoteDeps, owner: LineOwner, { request, original }: ReturnType<BatchEndpoint['read']>) {
  const order: JobOrder = {
    surface: 'batches',
    request,
    original,
    lane: 'batch',
    stream: false,
    runAt: null,
    expiresInSeconds: 0,
    fallbacks: [],
    maxAttempts: attemptsMax,
    announces: null,
    webhookUrl: null,
    webhookPayload: 'thin',
    metadata: {},
  };
  const orderer = { ...owner, idempotency: null };
  const quote = quoteLine(deps, order, owner);
  const made = toIntake(newId('job'), order, orderer, quote);
  return {
    jobId: made.jobId,
    holdNano: made.holdNano,
    intake: {
      surface: made.surface,
      lane: made.lane,
      model: made.model,
      provider: made.provider,
      target_model: made.targetModel,
      max_attempts: made.maxAttempts,
      input_tokens_bound: made.inputTokensBound,
      tokens_bound: made.tokensBound,
    },
    request: made.request,
    targets: made.targets,
    original,
  };
}

/** Problems are named as the line wrote its fields. */
function quoteLine(deps: QuoteDeps, order: JobOrder, owner: LineOwner) {
  try {
    return quoteJob(deps, order, owner.defaultMaxOutputTokens);
  } catch (error) {
    throw nameFields(endpoints[owner.endpoint].surface, error);
  }
}
