import type { Choice, ExtraContent, FinishReason, ToolCall } from '../../shared/chat/chat.ts';
import { keptReasoning } from '../../shared/formats/common/extra-content.ts';
import { buildChoice, buildCompletion } from './completion.ts';
import { findOpenaiUsage, readOpenaiUsage } from './openai-usage.ts';
import { isRecord, readField, readList, readText } from './read-field.ts';
import type { Translated } from './run-call.ts';

/** Reasoning that servers with OpenAI's wire hand out beside the answer and want back with the next turn. */
export const reasoningFields = ['reasoning_content', 'reasoning', 'reasoning_details'] as const;

/**
 * A finished `chat.completion` body as ours, or null when it is not one or has a choice without a finish
 * reason.
 */
export function fromOpenaiCompletion(body: unknown, model: string): Translated | null {
  const choices = readList(body, 'choices').map(fromOpenaiChoice);
  if (choices.length === 0 || choices.includes(null)) return null;
  const usage = readOpenaiUsage(findOpenaiUsage(body));
  const created = readField(body, 'created');
  const head = {
    id: readText(body, 'id'),
    created: Number.isSafeInteger(created) ? Number(created) : null,
    model,
  };
  const finished = choices.filter((choice) => choice !== null);
  const completion = buildCompletion(head, finished, usage);
  return { completion, usage, serviceTier: readText(body, 'service_tier') };
}

function fromOpenaiChoice(choice: unknown, position: number): Choice | null {
  const finishReason = toFinishReason(readField(choice, 'finish_reason'));
  const message = readField(choice, 'message');
  if (finishReason === null || !isRecord(message)) return null;
  const index = readField(choice, 'index');
  return buildChoice({
    index: Number.isSafeInteger(index) ? Number(index) : position,
    text: readText(message, 'content') ?? '',
    refusal: readText(message, 'refusal'),
    toolCalls: readList(message, 'tool_calls').map(fromOpenaiToolCall),
    finishReason,
    logprobs: readField(choice, 'logprobs'),
    extraContent: keepReasoning(message),
  });
}

function fromOpenaiToolCall(call: unknown): ToolCall {
  const id = readText(call, 'id');
  const name = readText(call, 'function', 'name');
  if (id === null || name === null) throw new Error('the provider sent a tool call without id or name');
  return {
    id,
    type: 'function',
    function: { name, arguments: readText(call, 'function', 'arguments') ?? '' },
    ...keepCallState(call),
  };
}

/** Google's own endpoint with OpenAI's wire hangs a thought signature on a tool call, as `extra_content`. */
export function keepCallState(call: unknown): { extra_content?: ExtraContent } {
  const signature = readText(call, 'extra_content', 'google', 'thought_signature');
  if (signature === null) return {};
  return { extra_content: { openai: { extra_content: { google: { thought_signature: signature } } } } };
}

/** The message's own reasoning fields as they can be given back, or undefined when it has none. */
export function keepReasoning(message: Record<string, unknown>): ExtraContent | undefined {
  const kept = reasoningFields
    .map((name) => [name, keptField(message[name])] as const)
    .filter(([, value]) => hasContent(value));
  return kept.length === 0 ? undefined : { openai: Object.fromEntries(kept) };
}

function keptField(value: unknown): unknown {
  if (!Array.isArray(value)) return typeof value === 'string' ? value : undefined;
  return value.map(keptReasoning).filter((detail) => detail !== null);
}

function hasContent(value: unknown): boolean {
  return (
    value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)
  );
}

/** Null when there is none yet; a word we do not know still says that the model came to its end. */
export function toFinishReason(reported: unknown): FinishReason | null {
  if (typeof reported !== 'string' || reported === '') return null;
  if (reported === 'function_call') return 'tool_calls';
  const known: FinishReason[] = ['stop', 'length', 'tool_calls', 'content_filter'];
  return known.find((reason) => reason === reported) ?? 'stop';
}
