import type OpenAI from 'openai';
import type { ChatCompletion, Choice, FinishReason, ToolCall } from '../../shared/domain/chat.ts';
import { checkUsage, type Usage } from '../../shared/domain/usage.ts';
import type { Collector, Finished } from './answer-call.ts';
import { BrokenAnswer } from './failure.ts';

type Upstream = OpenAI.Chat.ChatCompletion;
type Chunk = OpenAI.Chat.ChatCompletionChunk;

/** A plain answer in our words; `model` is the id the gateway knows it by. Throws BrokenAnswer for anything else. */
export function readCompletion(answer: Upstream, model: string): Finished {
  // An SDK gives an HTML page as a string, and a half body not at all: what has no choices is no completion.
  if (
    typeof answer !== 'object' ||
    answer === null ||
    !Array.isArray(answer.choices) ||
    answer.choices.length === 0
  ) {
    throw new BrokenAnswer('the provider answered something that is not a chat completion');
  }
  return {
    completion: {
      id: answer.id,
      object: 'chat.completion',
      created: answer.created,
      model,
      choices: answer.choices.map(toChoice),
    },
    usage: toUsage(answer.usage),
  };
}

function toChoice(choice: Upstream['choices'][number]): Choice {
  const { message } = choice;
  const toolCalls = (message.tool_calls ?? []).flatMap((call) =>
    'function' in call ? [toToolCall(call)] : [],
  );
  return {
    index: choice.index,
    message: {
      role: 'assistant',
      content: message.content ?? null,
      refusal: message.refusal ?? null,
      ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
    },
    logprobs: choice.logprobs ?? null,
    finish_reason: toFinishReason(choice.finish_reason),
  };
}

function toToolCall(call: { id: string; function: { name: string; arguments: string } }): ToolCall {
  return {
    id: call.id,
    type: 'function',
    function: { name: call.function.name, arguments: call.function.arguments },
  };
}

function toFinishReason(reason: string | null): FinishReason {
  if (reason === 'length' || reason === 'tool_calls' || reason === 'content_filter') return reason;
  return reason === 'function_call' ? 'tool_calls' : 'stop';
}

function toUsage(usage: OpenAI.CompletionUsage | null | undefined): Usage | null {
  if (usage == null) return null;
  const details = usage.prompt_tokens_details as
    | { cached_tokens?: number; cache_write_tokens?: number }
    | undefined;
  return checkUsage({
    promptTokens: usage.prompt_tokens,
    completionTokens: usage.completion_tokens,
    cachedTokens: details?.cached_tokens ?? 0,
    cacheWriteTokens: details?.cache_write_tokens ?? 0,
    reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? 0,
  });
}

type Draft = Choice & { ended: boolean; calls: Map<number, ToolCall> };

/**
 * Reads a stream to its end and assembles the completion from what was reported. Complete only when every choice that began
 * has a finish reason; the usage chunk comes after it, so the stream is read on.
 */
export async function readStream(
  stream: AsyncIterable<Chunk>,
  model: string,
  collector: Collector,
): Promise<Finished> {
  const drafts = new Map<number, Draft>();
  let head: Pick<ChatCompletion, 'id' | 'created'> | null = null;
  let usage: Usage | null = null;
  for await (const chunk of stream) {
    head ??= { id: chunk.id, created: chunk.created };
    usage = toUsage(chunk.usage) ?? usage;
    for (const choice of chunk.choices ?? []) addChoice(drafts, choice, collector);
  }
  const choices = [...drafts.values()].sort((one, other) => one.index - other.index);
  if (head === null || choices.length === 0 || choices.some((choice) => !choice.ended)) {
    throw new BrokenAnswer('the stream ended before the answer was complete');
  }
  return {
    completion: { ...head, object: 'chat.completion', model, choices: choices.map(fromDraft) },
    usage,
  };
}

function addChoice(drafts: Map<number, Draft>, choice: Chunk['choices'][number], collector: Collector): void {
  const draft = drafts.get(choice.index) ?? newDraft(choice.index);
  drafts.set(choice.index, draft);
  const { delta } = choice;
  if (delta?.content) {
    draft.message.content = (draft.message.content ?? '') + delta.content;
    collector.add({ kind: 'text', choice: choice.index, text: delta.content });
  }
  if (delta?.refusal) draft.message.refusal = (draft.message.refusal ?? '') + delta.refusal;
  for (const call of delta?.tool_calls ?? []) addToolCall(draft, call, collector);
  if (choice.logprobs != null) draft.logprobs = joinLogprobs(draft.logprobs, choice.logprobs);
  if (choice.finish_reason != null) {
    draft.finish_reason = toFinishReason(choice.finish_reason);
    draft.ended = true;
  }
}

type ToolCallDelta = NonNullable<Chunk['choices'][number]['delta']['tool_calls']>[number];

function addToolCall(draft: Draft, call: ToolCallDelta, collector: Collector): void {
  const known = draft.calls.get(call.index) ?? {
    id: '',
    type: 'function',
    function: { name: '', arguments: '' },
  };
  draft.calls.set(call.index, known);
  known.id ||= call.id ?? '';
  known.function.name ||= call.function?.name ?? '';
  known.function.arguments += call.function?.arguments ?? '';
  collector.add({
    kind: 'tool_call',
    choice: draft.index,
    index: call.index,
    ...(call.id === undefined ? {} : { id: call.id }),
    ...(call.function?.name === undefined ? {} : { name: call.function.name }),
    arguments: call.function?.arguments ?? '',
  });
}

function joinLogprobs(before: unknown, more: { content?: unknown[] | null; refusal?: unknown[] | null }) {
  const known = (before ?? { content: null, refusal: null }) as {
    content: unknown[] | null;
    refusal: unknown[] | null;
  };
  const join = (one: unknown[] | null, other: unknown[] | null | undefined) =>
    other == null ? one : [...(one ?? []), ...other];
  return { content: join(known.content, more.content), refusal: join(known.refusal, more.refusal) };
}

function newDraft(index: number): Draft {
  return {
    index,
    message: { role: 'assistant', content: null, refusal: null },
    logprobs: null,
    finish_reason: 'stop',
    ended: false,
    calls: new Map(),
  };
}

function fromDraft({ ended: _, calls, ...choice }: Draft): Choice {
  if (calls.size === 0) return choice;
  const ordered = [...calls.entries()].sort(([one], [other]) => one - other).map(([, call]) => call);
  return { ...choice, message: { ...choice.message, tool_calls: ordered } };
}
