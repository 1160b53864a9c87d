import type { ChatCompletion, Choice, CompletionUsage, ExtraContent, FinishReason } from '../../chat/chat.ts';
import { suffixOf } from '../../ids.ts';
import { readJson } from '../../platform/json/read-json.ts';
import { withMissing } from '../common/with-missing.ts';

type StopReason = 'end_turn' | 'max_tokens' | 'stop_sequence' | 'tool_use' | 'refusal';

const stopReasons: Record<FinishReason, StopReason> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
};

/**
 * Why a choice ended in Anthropic's words. Which stop sequence was met only Claude says; of others none is
 * ever named.
 */
export function toStop(choice: Choice | undefined): {
  stop_reason: StopReason;
  stop_sequence: string | null;
} {
  const met = ownOf(choice)?.stop_sequence;
  const reason = choice?.finish_reason ?? 'stop';
  if (reason === 'stop' && typeof met === 'string')
    return { stop_reason: 'stop_sequence', stop_sequence: met };
  return { stop_reason: stopReasons[reason], stop_sequence: null };
}

/** What Claude itself said of a choice. */
function ownOf(choice: Choice | undefined) {
  return choice?.message.extra_content?.anthropic as
    | { content?: unknown; stop_sequence?: unknown }
    | undefined;
}

/** Claude's thinking in a choice. */
export function thinkingOf(choice: Choice): unknown[] {
  const own = ownOf(choice)?.content;
  const isThinking = (block: unknown) => /thinking$/.test((block as { type?: string }).type ?? '');
  return Array.isArray(own) ? own.filter(isThinking) : [];
}

/**
 * `usage` as Anthropic's SDK reads it: cache reads and writes are counted beside `input_tokens`, not in it.
 */
export function toAnthropicUsage(usage: CompletionUsage | undefined) {
  const cached = usage?.prompt_tokens_details.cached_tokens ?? 0;
  const written = usage?.prompt_tokens_details.cache_write_tokens ?? 0;
  return {
    input_tokens: Math.max(0, (usage?.prompt_tokens ?? 0) - cached - written),
    output_tokens: usage?.completion_tokens ?? 0,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
    cache_creation: null,
    inference_geo: null,
    output_tokens_details: { thinking_tokens: usage?.completion_tokens_details.reasoning_tokens ?? 0 },
    server_tool_use: null,
    service_tier: 'standard' as const,
    speed: null,
  };
}

/** A `Message` of Anthropic's; more of its fields are known only where it is made. */
export type AnthropicMessage = { id: string; model: string; content: unknown } & Record<string, unknown>;

type Fields = Record<string, unknown>;

/**
 * A message of Claude's own, whole or as it begins, under our id and name of the model, and with what its API
 * requires and an upstream left out.
 */
export function toPassedMessage(body: Fields, model: string, jobId: string, usage?: CompletionUsage) {
  const head = { ...messageHead(model, jobId), usage: toAnthropicUsage(usage) };
  const whole = withMissing(body, head);
  const { content } = whole;
  return {
    ...whole,
    id: head.id,
    model,
    content: Array.isArray(content) ? content.map(toPassedBlock) : content,
  };
}

/** A block of Claude's own, likewise. */
export function toPassedBlock(block: Fields): Fields {
  return withMissing(block, blockFields[String(block['type'])] ?? {});
}

const blockFields: Record<string, Fields> = {
  text: { citations: [] },
  tool_use: { caller: { type: 'direct' } },
};

/** A finished completion as the `Message` of Anthropic's SDK (1.12), whatever provider it came from. */
export function toAnthropicMessage(completion: ChatCompletion, jobId: string): AnthropicMessage {
  const { pass_through: passed } = completion;
  if (passed?.dialect === 'messages')
    return toPassedMessage(passed.body, completion.model, jobId, completion.usage);
  const [choice] = completion.choices;
  if (choice === undefined) throw new Error(`the result of ${jobId} has no choice`);
  return {
    ...messageHead(completion.model, jobId),
    content: toContent(choice),
    ...toStop(choice),
    usage: toAnthropicUsage(completion.usage),
  };
}

/** What is known of a message before its first word. */
export function messageHead(model: string, jobId: string) {
  return {
    id: `msg_${suffixOf(jobId)}`,
    type: 'message' as const,
    role: 'assistant' as const,
    model,
    content: [] as unknown[],
    stop_reason: null as StopReason | null,
    stop_sequence: null as string | null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: toAnthropicUsage(undefined),
  };
}

/**
 * A block of text before its first word. Its schema requires `citations`, and clients that read it strictly
 * (AI SDK 5 and 6) know a list there and no null.
 */
export const emptyText = { type: 'text' as const, text: '', citations: [] };

/** Blocks that Claude gave are given on as they were; a text that came after calls stands after them. */
function toContent(choice: Choice): unknown[] {
  const { message } = choice;
  const own = ownOf(choice)?.content;
  if (Array.isArray(own)) return own;
  const text = message.content ?? message.refusal ?? '';
  const thinking = message.reasoning_content ?? '';
  const blocks: unknown[] = (message.tool_calls ?? []).map((call) => ({
    type: 'tool_use',
    id: call.id,
    name: call.function.name,
    input: parseInput(call.function.arguments),
    caller: { type: 'direct' },
    ...stateOf(call),
  }));
  if (text !== '')
    blocks.splice(message.calls_before_text ?? 0, 0, { ...emptyText, text, ...stateOf(message) });
  // Without a signature: it is nobody's to give back to Claude.
  return thinking === '' ? blocks : [{ type: 'thinking', thinking, signature: '' }, ...blocks];
}

/** What another provider than Anthropic wants back with a block. */
function stateOf({ extra_content }: { extra_content?: ExtraContent }): { extra_content?: ExtraContent } {
  const { anthropic: _, ...others } = extra_content ?? {};
  return Object.keys(others).length === 0 ? {} : { extra_content: others };
}

/**
 * Arguments that were cut off by the output bound are no JSON; the input is then empty, as it is at
 * Anthropic.
 */
function parseInput(text: string): unknown {
  try {
    return readJson(text === '' ? '{}' : text);
  } catch {
    return {};
  }
}
