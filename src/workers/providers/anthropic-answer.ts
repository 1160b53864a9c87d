import type Anthropic from '@anthropic-ai/sdk';
import type { Choice, FinishReason, ToolCall } from '../../shared/domain/chat.ts';
import { checkUsage, type Usage } from '../../shared/domain/usage.ts';
import type { Collector, Finished } from './answer-call.ts';
import { BrokenAnswer } from './failure.ts';

/** A whole message in OpenAI's words; `model` is the id the gateway knows it by. Throws BrokenAnswer for anything else. */
export function readMessage(message: Anthropic.Message, model: string, createdSeconds: number): Finished {
  if (
    typeof message !== 'object' ||
    message === null ||
    !Array.isArray(message.content) ||
    message.stop_reason == null
  ) {
    throw new BrokenAnswer('the provider answered something that is not a complete message');
  }
  return {
    completion: {
      id: message.id,
      object: 'chat.completion',
      created: createdSeconds,
      model,
      choices: [toChoice(message)],
    },
    usage: toUsage(message.usage),
  };
}

function toChoice(message: Anthropic.Message): Choice {
  const texts = message.content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
  const toolCalls = message.content.flatMap((block) =>
    block.type === 'tool_use' ? [toToolCall(block)] : [],
  );
  const thought = message.content.some(
    (block) => block.type === 'thinking' || block.type === 'redacted_thinking',
  );
  return {
    index: 0,
    message: {
      role: 'assistant',
      content: texts.length === 0 ? null : texts.join(''),
      refusal: null,
      ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
      ...(thought ? { extra_content: { anthropic: { content: message.content } } } : {}),
    },
    logprobs: null,
    finish_reason: toFinishReason(message.stop_reason),
  };
}

function toToolCall(block: { id: string; name: string; input: unknown }): ToolCall {
  return {
    id: block.id,
    type: 'function',
    function: { name: block.name, arguments: JSON.stringify(block.input ?? {}) },
  };
}

const finishReasons: Record<string, FinishReason> = {
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

function toFinishReason(reason: string | null): FinishReason {
  return finishReasons[reason ?? ''] ?? 'stop';
}

/** Anthropic counts cache reads and writes beside `input_tokens`; ours are inside the prompt. */
export function toUsage(usage: Anthropic.Usage | undefined): Usage | null {
  if (usage == null) return null;
  const cachedTokens = usage.cache_read_input_tokens ?? 0;
  const cacheWriteTokens = usage.cache_creation_input_tokens ?? 0;
  return checkUsage({
    promptTokens: usage.input_tokens + cachedTokens + cacheWriteTokens,
    completionTokens: usage.output_tokens,
    cachedTokens,
    cacheWriteTokens,
    reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? 0,
  });
}

/** A block while it grows; tool input arrives as pieces of JSON text. */
type Draft = { block: Anthropic.ContentBlock; json: string; tool: number };

/** Reads the events of a stream up to `message_stop` and assembles the message. Throws BrokenAnswer when it ends before. */
export async function readEvents(
  events: AsyncIterable<Anthropic.RawMessageStreamEvent>,
  collector: Collector,
): Promise<Anthropic.Message> {
  let message = null as Anthropic.Message | null;
  const drafts: Draft[] = [];
  let stopped = false;
  for await (const event of events) {
    if (event.type === 'message_start') {
      message = event.message;
      collector.usage = toUsage(message.usage);
    } else if (event.type === 'content_block_start') {
      drafts[event.index] = startBlock(event.content_block, drafts, collector);
    } else if (event.type === 'content_block_delta') {
      growBlock(drafts[event.index], event.delta, collector);
    } else if (event.type === 'message_delta' && message !== null) {
      message = {
        ...message,
        stop_reason: event.delta.stop_reason,
        usage: { ...message.usage, ...withoutNulls(event.usage) } as Anthropic.Usage,
      };
      collector.usage = toUsage(message.usage);
    } else if (event.type === 'message_stop') {
      stopped = true;
    }
  }
  if (message === null || !stopped) throw new BrokenAnswer('the stream ended before the answer was complete');
  return { ...message, content: drafts.map(endBlock) };
}

function withoutNulls(usage: object): object {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null));
}

function startBlock(block: Anthropic.ContentBlock, drafts: Draft[], collector: Collector): Draft {
  const tool = drafts.filter((draft) => draft.block.type === 'tool_use').length;
  if (block.type === 'tool_use') {
    collector.add({
      kind: 'tool_call',
      choice: 0,
      index: tool,
      id: block.id,
      name: block.name,
      arguments: '',
    });
  }
  if (block.type === 'text' && block.text !== '')
    collector.add({ kind: 'text', choice: 0, text: block.text });
  return { block: { ...block }, json: '', tool };
}

function growBlock(
  draft: Draft | undefined,
  delta: Anthropic.RawContentBlockDelta,
  collector: Collector,
): void {
  if (draft === undefined) throw new BrokenAnswer('the stream grew a block that it had not begun');
  const { block } = draft;
  if (delta.type === 'text_delta' && block.type === 'text') {
    block.text += delta.text;
    if (delta.text !== '') collector.add({ kind: 'text', choice: 0, text: delta.text });
  } else if (delta.type === 'input_json_delta') {
    draft.json += delta.partial_json;
    if (delta.partial_json !== '') {
      collector.add({ kind: 'tool_call', choice: 0, index: draft.tool, arguments: delta.partial_json });
    }
  } else if (delta.type === 'thinking_delta' && block.type === 'thinking') {
    block.thinking += delta.thinking;
  } else if (delta.type === 'signature_delta' && block.type === 'thinking') {
    block.signature = delta.signature;
  }
}

function endBlock(draft: Draft): Anthropic.ContentBlock {
  if (draft.block.type !== 'tool_use' || draft.json === '') return draft.block;
  return { ...draft.block, input: JSON.parse(draft.json) as unknown };
}
