import { z } from 'zod';
import type { ExtraContent } from '../../chat/chat.ts';

/**
 * What may travel in `extra_content`, by provider and place: state that a provider wants back (thinking,
 * signatures, encrypted reasoning) and marks that change no answer. It is text, so its length bounds what it
 * costs; anything else asks for something and is refused by name. Sources: `ThinkingBlockParam` and
 * `CacheControlEphemeral` of Anthropic's SDK 1.12, Gemini's thought signatures, and the reasoning fields of
 * DeepSeek, vLLM and OpenRouter, `ResponseReasoningItem` and `phase` of OpenAI's SDK 7.
 */

/** Anthropic's mark, which OpenRouter takes too. */
const cacheFields = { type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).nullish() };
const cacheControl = z.strictObject(cacheFields).nullish();

/** The mark as Anthropic's clients send it: what else they say in it changes no price and is left out. */
export const cacheMark = z.object(cacheFields).nullish();

type Marked = { cache_control?: unknown; extra_content?: ExtraContent | null | undefined };

/**
 * An element of a conversation with the mark that stands on it where Anthropic's provider looks for it: the
 * convention of OpenRouter and LiteLLM, whose clients mark for Claude over chat completions. What is no mark
 * is left out, as any field that nobody knows.
 */
export function liftMark<Element extends Marked>({ cache_control, ...element }: Element) {
  const mark = cacheMark.safeParse(cache_control).data ?? null;
  if (mark === null) return element;
  const { extra_content: extra } = element;
  const anthropic = { cache_control: mark, ...((extra?.anthropic ?? {}) as object) };
  return { ...element, extra_content: { ...extra, anthropic } };
}

/** The marks of a part, and what is no mark: the state of the message that it is a part of. */
export function splitState(extra: ExtraContent): { marks: ExtraContent; state: ExtraContent } {
  const pick = (isWanted: (name: string) => boolean) => {
    const picked = Object.entries(extra).map(([provider, fields]) => {
      const own = Object.entries((fields ?? {}) as object).filter(([name]) => isWanted(name));
      return [provider, Object.fromEntries(own)] as const;
    });
    return Object.fromEntries(picked.filter(([, fields]) => Object.keys(fields).length > 0));
  };
  return { marks: pick((name) => name === 'cache_control'), state: pick((name) => name !== 'cache_control') };
}

const text = { type: z.literal('text'), text: z.string() };
const noCitations = { citations: z.array(z.never()).nullish() };
const toolUse = {
  type: z.literal('tool_use'),
  id: z.string().min(1),
  name: z.string().min(1),
  input: z.looseObject({}),
};
/** Who called: with provider-side tools it may be somebody else than the model. */
const directCaller = { caller: z.strictObject({ type: z.literal('direct') }).nullish() };
/** Its text may have been left out; the signature says which it was. */
const thinking = { type: z.literal('thinking'), thinking: z.string().nullish(), signature: z.string() };
const redacted = { type: z.literal('redacted_thinking'), data: z.string() };
const marked = { cache_control: cacheControl };

/** A block of an assistant's turn, as it is given back to Anthropic. */
const anthropicBlock = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ ...text, ...noCitations, ...marked }),
    z.strictObject({ ...toolUse, ...directCaller, ...marked }),
    z.strictObject(thinking),
    z.strictObject(redacted),
  ],
  { error: 'only text, tool_use, thinking and redacted_thinking blocks can be given back' },
);

/** The same of an answer: whatever else a block says is not kept, since it could not be given back. */
const answeredBlock = z.discriminatedUnion('type', [
  z.object(text),
  z.object(toolUse),
  z.object(thinking),
  z.object(redacted),
]);

const reasoningFields = {
  type: z.enum(['reasoning.text', 'reasoning.summary', 'reasoning.encrypted']),
  id: z.string().nullish(),
  format: z.string().nullish(),
  index: z.int().nullish(),
  text: z.string().nullish(),
  summary: z.string().nullish(),
  data: z.string().nullish(),
  signature: z.string().nullish(),
};

/** A reasoning item of OpenAI's Responses API: what it thought, encrypted, and its summary. */
const reasoningItemFields = {
  type: z.literal('reasoning'),
  id: z.string().nullish(),
  summary: z.array(z.object({ type: z.literal('summary_text'), text: z.string() })).nullish(),
  encrypted_content: z.string().min(1),
  /** The id of the call it led to; none when it led to the text. */
  before: z.string().nullish(),
};

const signatureFields = { thought_signature: z.string().nullish() };
/** Google's own OpenAI-compatible endpoint hangs its signatures on calls in a field of this name. */
const googleState = { extra_content: z.strictObject({ google: z.strictObject(signatureFields) }).nullish() };

type Fields = Record<string, z.ZodType>;

function extraSchema(allowed: { anthropic?: Fields; google?: Fields; openai?: Fields }) {
  const { anthropic = {}, google = {}, openai = {} } = allowed;
  return z
    .strictObject({
      anthropic: z.strictObject(anthropic).nullish(),
      google: z.strictObject(google).nullish(),
      openai: z.strictObject(openai).nullish(),
    })
    .nullish();
}

/** `extra_content` of an instruction or of a user's message. */
export const messageExtra = extraSchema({ anthropic: marked });
const answerFields = {
  anthropic: {
    content: z.array(anthropicBlock).nullish(),
    stop_sequence: z.string().nullish(),
    ...marked,
  },
  google: signatureFields,
  openai: {
    reasoning_content: z.string().nullish(),
    reasoning: z.string().nullish(),
    reasoning_details: z.array(z.strictObject(reasoningFields)).nullish(),
    reasoning_items: z.array(z.strictObject(reasoningItemFields)).nullish(),
    phase: z.string().max(64).nullish(),
    ...googleState,
  },
};
/** Of an assistant's message. */
export const assistantExtra = extraSchema(answerFields);
/**
 * Of a text within it: clients that keep what they do not know leave the message's there (Agents SDK 0.20).
 */
export const answerPartExtra = extraSchema({
  ...answerFields,
  openai: { ...answerFields.openai, ...marked },
});
/** Of a tool's result. */
export const resultExtra = extraSchema({ anthropic: { is_error: z.boolean().nullish(), ...marked } });
/** Of a text or an image within a message, and of a tool. */
export const partExtra = extraSchema({ anthropic: marked, openai: marked });
/** Of a tool call. */
export const callExtra = extraSchema({ anthropic: marked, google: signatureFields, openai: googleState });

/**
 * A block of Claude's answer as it came, or as much of it as can be given back; null for a kind that cannot.
 */
export function keptBlock(block: unknown): Record<string, unknown> | null {
  if (anthropicBlock.safeParse(block).success) return block as Record<string, unknown>;
  return answeredBlock.safeParse(block).data ?? null;
}

/** A detail of reasoning as it can be given back; null for one that cannot. */
export function keptReasoning(detail: unknown): Record<string, unknown> | null {
  return z.object(reasoningFields).safeParse(detail).data ?? null;
}

/** A reasoning item of an answer as it can be given back; null for one that is not encrypted. */
export function keptReasoningItem(item: unknown): Record<string, unknown> | null {
  return z.object(reasoningItemFields).omit({ before: true }).safeParse(item).data ?? null;
}

/**
 * What a server with OpenAI's wire wants back of what its model thought, from the fields beside a message's
 * content in which such servers hand it out.
 */
export function keptDetails(message: { reasoning?: unknown; reasoning_details?: unknown }): ExtraContent {
  const details = Array.isArray(message.reasoning_details)
    ? message.reasoning_details.map(keptReasoning).filter((detail) => detail !== null)
    : [];
  const openai = {
    ...(typeof message.reasoning === 'string' && { reasoning: message.reasoning }),
    ...(details.length > 0 && { reasoning_details: details }),
  };
  return Object.keys(openai).length === 0 ? {} : { openai };
}
