import { Refusal } from '../errors.ts';
import { nameFields } from '../formats/common/field-names.ts';
import { checkValue } from '../formats/common/json-values.ts';
import { newId } from '../ids.ts';
import type { JobIntake } from '../jobs/sql/accept-jobs.ts';
import {
  type JobSubmission,
  type PricedRequest,
  priceRequest,
  type QuoteDeps,
  type SubmittedRequest,
} from '../jobs/submission.ts';
import { toIntake } from '../jobs/to-intake.ts';
import { type BatchEndpoint, endpoints } from './endpoints.ts';
import { openaiError } from './line-results.ts';
import type { ParsedLine } from './parse-line.ts';
import type { BatchEndpointName } from './rules/batch.ts';
import type { BatchLine } from './sql/validate-batch.ts';

const attemptsMax = 5;

export type LineOwner = {
  accountId: string;
  defaultMaxOutputTokens: number | null;
  endpoint: BatchEndpointName;
};

/**
 * Prices the body of a line: the line as it is kept, with the job that will be made of it, or with why it is
 * refused.
 */
export function priceLine(deps: QuoteDeps, owner: LineOwner, parsed: ParsedLine): BatchLine {
  const kept = { line: parsed.line, customId: parsed.customId };
  try {
    if (parsed.unread !== undefined) throw parsed.unread;
    checkValue(parsed.body, [], parsed.escapes);
    const job = toJob(deps, owner, endpoints[owner.endpoint].read(parsed.body));
    return { ...kept, job, refusal: null };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...kept, job: null, refusal: openaiError(error) };
  }
}

function toJob(
  deps: QuoteDeps,
  owner: LineOwner,
  { metadata, ...asked }: ReturnType<BatchEndpoint['read']>,
): JobIntake {
  const submission: JobSubmission = {
    surface: 'batches',
    priced: priceCall(deps, asked, owner),
    lane: 'batch',
    stream: false,
    runAt: null,
    // Its jobs are due when the batch is.
    expiresInSeconds: 0,
    fallbacks: [],
    maxAttempts: attemptsMax,
    announces: null,
    webhookUrl: null,
    webhookPayload: 'thin',
    metadata,
  };
  return toIntake(submission, { ...owner, idempotency: null }, { jobId: newId('job') });
}

/** Problems are named as the line wrote its fields. */
function priceCall(deps: QuoteDeps, asked: SubmittedRequest, owner: LineOwner): PricedRequest {
  try {
    return priceRequest(deps, asked, owner.defaultMaxOutputTokens);
  } catch (error) {
    throw nameFields(endpoints[owner.endpoint].surface, error);
  }
}
