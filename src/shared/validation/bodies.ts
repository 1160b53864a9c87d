import type { z } from 'zod';
import { invalid } from '../errors.ts';
import type { Surface } from '../jobs/rules/job.ts';
import { writeJson } from '../platform/json/verbatim.ts';
import { chatCompletionsShape } from '../formats/openai-chat/chat-request.ts';
import { readClientJson } from '../formats/common/client-json.ts';
import { type EarlierTurn, readEarlierItems } from '../formats/openai-responses/earlier-items.ts';
import { nameFields } from '../formats/common/field-names.ts';
import { jobBody, toOrder } from '../formats/jobs/job-request.ts';
import { type MessageBatchLines, readMessageBatch } from '../formats/anthropic-messages/message-batch.ts';
import { countTokensShape, messagesShape } from '../formats/anthropic-messages/message-request.ts';
import {
  type JobOrder,
  type PricedOrder,
  type PricedRequest,
  priceRequest,
  type QuoteDeps,
} from '../jobs/submission.ts';
import { firstStoredField, responsesShape, toChatRequest } from '../formats/openai-responses/response-request.ts';
import { problemsOf } from '../formats/common/zod-problems.ts';

/** Whose body it is. */
export type BodyOwner = { accountId: string; defaultMaxOutputTokens: number | null };

/** A body as it is judged, by itself or with what was said before it. */
export type GivenBody = { bytes: Buffer; owner: BodyOwner; earlier?: EarlierTurn[] };

/** A call whose client waits; usage counts by the metadata. */
type Called = { priced: PricedRequest; model: string; stream: boolean; metadata: Record<string, string> };

/**
 * What comes of a body of each kind: plain values, texts and no trees, that cross from thread to thread as
 * they are.
 */
export type JudgedBodies = {
  job: JobOrder;
  chat: Called & { includeUsage: boolean };
  message: Called;
  tokens: { inputTokens: number };
  /**
   * `echo` is what the response repeats of its body: all but what was said, as JSON. Not priced while it goes
   * on from an earlier response whose turns were not given.
   */
  response: { echo: string; priced: PricedRequest | null };
  messageBatch: MessageBatchLines;
};
export type BodyKind = keyof JudgedBodies;

type Readers = {
  [Kind in Exclude<BodyKind, 'messageBatch'>]: (
    deps: QuoteDeps,
    given: unknown,
    body: GivenBody,
  ) => JudgedBodies[Kind];
};

const readers: Readers = {
  job: (deps, given, { owner }) => {
    const { request, ...order } = toOrder(readAs(jobBody, given));
    return { ...order, priced: priceRequest(deps, { ...order, request }, owner.defaultMaxOutputTokens) };
  },
  chat: (deps, given, { owner }) => {
    const { request, stream, includeUsage } = readAs(chatCompletionsShape, given);
    return {
      priced: priceCall(deps, 'chat', { request }, owner),
      model: request.model,
      stream,
      includeUsage,
      metadata: request.metadata ?? {},
    };
  },
  message: (deps, given, { owner }) => {
    const { request, stream, metadata } = readAs(messagesShape, given);
    const priced = priceCall(deps, 'messages', { request }, owner);
    return { priced, model: request.model, stream, metadata };
  },
  tokens: (deps, given) => {
    const request = readAs(countTokensShape, given);
    const owner = { accountId: '', defaultMaxOutputTokens: null };
    return { inputTokens: priceCall(deps, 'messages', { request }, owner).quote.inputTokens };
  },
  response: (deps, given, { owner, earlier }) => {
    const body = readAs(responsesShape, given);
    const echo = writeJson({ ...body, input: [] });
    const goesOn = typeof body.previous_response_id === 'string';
    if (goesOn && earlier === undefined) return { echo, priced: null };
    const request = toChatRequest(body, readEarlierItems(earlier ?? []));
    const original = body.store === false ? null : writeJson({ [firstStoredField]: null, ...body });
    return { echo, priced: priceCall(deps, 'responses', { request, original }, owner) };
  },
};

/** Reads, checks and prices a body. Throws a Refusal. */
export function judgeBody<Kind extends BodyKind>(
  deps: QuoteDeps,
  kind: Kind,
  body: GivenBody,
): JudgedBodies[Kind] {
  if (kind === 'messageBatch') return readMessageBatch(body.bytes) as JudgedBodies[Kind];
  const read = readers[kind as Exclude<BodyKind, 'messageBatch'>];
  return read(deps, readClientJson(body.bytes), body) as JudgedBodies[Kind];
}

/** Problems are named as the client of the surface wrote its fields. */
function priceCall(deps: QuoteDeps, surface: Surface, order: PricedOrder, owner: BodyOwner): PricedRequest {
  try {
    return priceRequest(deps, order, owner.defaultMaxOutputTokens);
  } catch (error) {
    throw nameFields(surface, error);
  }
}

function readAs<Shape extends z.ZodType>(shape: Shape, given: unknown): z.output<Shape> {
  const result = shape.safeParse(given);
  if (result.success) return result.data;
  throw invalid(problemsOf(result.error));
}
