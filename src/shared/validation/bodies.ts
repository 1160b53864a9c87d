import type { z } from 'zod';
import { invalid } from '../errors.ts';
import { type MessageBatchLines, readMessageBatch } from '../formats/anthropic-messages/message-batch.ts';
import { countTokensSchema, messagesSchema } from '../formats/anthropic-messages/message-request.ts';
import { type MessageHeaders, passedMessage } from '../formats/anthropic-messages/passed-message.ts';
import { readClientJson } from '../formats/common/client-json.ts';
import { nameFields } from '../formats/common/field-names.ts';
import { problemsOf } from '../formats/common/zod-problems.ts';
import { jobBody, toSubmission } from '../formats/jobs/job-request.ts';
import { chatCompletionsSchema } from '../formats/openai-chat/chat-request.ts';
import { passedChat } from '../formats/openai-chat/passed-chat.ts';
import { type EarlierTurn, readEarlierItems } from '../formats/openai-responses/earlier-items.ts';
import { passedResponse } from '../formats/openai-responses/passed-response.ts';
import { createReferences, type Resolve, referencedJobs } from '../formats/openai-responses/references.ts';
import {
  firstStoredField,
  inputItems,
  type ResponsesBody,
  responsesSchema,
  toChatRequest,
} from '../formats/openai-responses/response-request.ts';
import { offeredTools } from '../formats/openai-responses/response-tools.ts';
import type { Surface } from '../jobs/rules/job.ts';
import {
  type JobSubmission,
  type PricedRequest,
  priceRequest,
  type QuoteDeps,
  type SubmittedRequest,
} from '../jobs/submission.ts';
import { writeJson } from '../platform/json/verbatim.ts';

/** Whose body it is. */
export type BodyOwner = { accountId: string; defaultMaxOutputTokens: number | null };

/** A body as it is validated, by itself or with the turns before it. */
export type GivenBody = {
  bytes: Buffer;
  owner: BodyOwner;
  earlier?: EarlierTurn[];
  /** The turns whose items it refers to. */
  referenced?: EarlierTurn[];
  /** Headers that belong to what is asked. */
  headers?: MessageHeaders;
};

/** A call whose client waits; usage counts by the metadata. */
type Called = { priced: PricedRequest; model: string; stream: boolean; metadata: Record<string, string> };

/**
 * What comes of a body of each kind: plain values, texts and no trees, that cross from thread to thread as
 * they are.
 */
export type ValidatedBodies = {
  job: JobSubmission;
  chat: Called & { includeUsage: boolean };
  message: Called;
  tokens: { inputTokens: number };
  /**
   * `echo` is what the response repeats of its body: all but what was said, as JSON; `references` are the
   * jobs whose items it refers to. Not priced while it needs turns that were not given.
   */
  response: { echo: string; references: string[]; priced: PricedRequest | null };
  messageBatch: MessageBatchLines;
};
export type BodyKind = keyof ValidatedBodies;

type Readers = {
  [Kind in Exclude<BodyKind, 'messageBatch'>]: (
    deps: QuoteDeps,
    given: unknown,
    body: GivenBody,
  ) => ValidatedBodies[Kind];
};

const readers: Readers = {
  job: (deps, given, { owner }) => {
    const body = readAs(jobBody, given);
    const { request, fallbacks, webhook_url: webhookUrl = null } = body;
    const submitted = { request, fallbacks, webhookUrl };
    return toSubmission(body, priceRequest(deps, submitted, owner.defaultMaxOutputTokens));
  },
  chat: (deps, given, { owner }) => {
    const { request, stream, includeUsage } = readAs(chatCompletionsSchema, given);
    return {
      priced: priceCall(deps, 'chat', { request, passThrough: passedChat(given) }, owner),
      model: request.model,
      stream,
      includeUsage,
      metadata: request.metadata ?? {},
    };
  },
  message: (deps, given, { owner, headers }) => {
    const { request, stream, metadata } = readAs(messagesSchema, given);
    const passThrough = passedMessage(given, headers);
    const priced = priceCall(deps, 'messages', { request, passThrough }, owner, given);
    return { priced, model: request.model, stream, metadata };
  },
  tokens: (deps, given) => {
    const request = readAs(countTokensSchema, given);
    const owner = { accountId: '', defaultMaxOutputTokens: null };
    return { inputTokens: priceCall(deps, 'messages', { request }, owner, given).quote.inputTokens };
  },
  response: (deps, given, { owner, earlier, referenced }) => {
    const read = readAs(responsesSchema, given);
    const echo = writeJson({ ...read, input: [], ...toolsOf(read) });
    const references = referencedJobs(read);
    const goesOn = typeof read.previous_response_id === 'string';
    if ((goesOn && earlier === undefined) || (references.length > 0 && referenced === undefined)) {
      return { echo, references, priced: null };
    }
    const resolve = createReferences(referenced ?? []);
    const [body, sent] = [withReferences(read, resolve), withReferences(given, resolve)];
    const before = readEarlierItems(earlier ?? []);
    const request = toChatRequest(body, before);
    const passThrough = passedResponse(sent, before);
    const original = body.store === false ? null : writeJson({ [firstStoredField]: null, ...body });
    const priced = priceCall(deps, 'responses', { request, passThrough, original }, owner);
    return { echo, references, priced };
  },
};

/** With the tools that its client found since, and without what is left out of them. */
function toolsOf(body: ResponsesBody) {
  return body.tools ? { tools: offeredTools(body.tools, inputItems(body)) } : {};
}

/** A body with the items that it refers to in place of the references. */
function withReferences<Body>(body: Body, resolve: Resolve): Body {
  const { input } = body as { input: unknown };
  return Array.isArray(input) ? { ...body, input: resolve(input) } : body;
}

/** Reads, checks and prices a body. Throws a Refusal. */
export function validateBody<Kind extends BodyKind>(
  deps: QuoteDeps,
  kind: Kind,
  body: GivenBody,
): ValidatedBodies[Kind] {
  if (kind === 'messageBatch') return readMessageBatch(body.bytes) as ValidatedBodies[Kind];
  const read = readers[kind as Exclude<BodyKind, 'messageBatch'>];
  return read(deps, readClientJson(body.bytes), body) as ValidatedBodies[Kind];
}

/** Problems are named as the client of the surface wrote its fields. */
function priceCall(
  deps: QuoteDeps,
  surface: Surface,
  submission: SubmittedRequest,
  owner: BodyOwner,
  given?: unknown,
): PricedRequest {
  try {
    return priceRequest(deps, submission, owner.defaultMaxOutputTokens);
  } catch (error) {
    throw nameFields(surface, error, given);
  }
}

function readAs<Shape extends z.ZodType>(shape: Shape, given: unknown): z.output<Shape> {
  const result = shape.safeParse(given);
  if (result.success) return result.data;
  throw invalid(problemsOf(result.error));
}
