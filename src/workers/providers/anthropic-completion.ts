import type { FinishReason, ToolCall } from '../../shared/chat/chat.ts';
import { checkUsage, isCount, type Usage } from '../../shared/chat/usage.ts';
import { keptBlock } from '../../shared/formats/common/extra-content.ts';
import { isThinking } from './anthropic-messages.ts';
import { buildChoice, buildCompletion } from './completion.ts';
import { callIdUnless } from './openai-tool-call.ts';
import { isRecord, readField, readText } from './read-field.ts';
import { toArguments } from './tool-arguments.ts';
import type { Translated } from './translated.ts';
import { UnreadableAnswer } from './unreadable-answer.ts';

/** A finished `message` body as a completion, or null when it is none or has no stop reason. */
export function fromAnthropicMessage(body: unknown, model: string): Translated | null {
  const finishReason = toFinishReason(readField(body, 'stop_reason'));
  const content = readField(body, 'content');
  // Servers that copy this API send a bare text, too.
  const listed = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  if (finishReason === null || !Array.isArray(listed)) return null;
  const blocks = listed.map((block) => ({ block, json: null }));
  const usage = readAnthropicUsage(readField(body, 'usage'));
  const stopSequence = readText(body, 'stop_sequence');
  const serviceTier = readText(body, 'usage', 'service_tier');
  return buildFromBlocks({
    id: readText(body, 'id'),
    model,
    blocks,
    finishReason,
    stopSequence,
    usage,
    serviceTier,
  });
}

/**
 * A content block; `json` is a tool call's input as it was streamed, so that deltas and completion say the
 * same bytes.
 */
export type FinishedBlock = { block: unknown; json: string | null };

type Finished = {
  id: string | null;
  model: string;
  blocks: FinishedBlock[];
  finishReason: FinishReason;
  /** Which of the stop sequences was met; null when none was. */
  stopSequence: string | null;
  usage: Usage | null;
  serviceTier: string | null;
};

/**
 * Blocks → one choice. When the model thought, all blocks are kept as they came in
 * `extra_content.anthropic.content`, because Anthropic wants them back unmodified and in their order with the
 * next turn; beside them the stop sequence that was met.
 */
export function buildFromBlocks(finished: Finished): Translated {
  const { id, model, blocks, finishReason, stopSequence, usage, serviceTier } = finished;
  const content = blocks.map(({ block }) => block);
  const own = {
    ...(content.some(isThinking) && { content: content.map(keptBlock).filter((block) => block !== null) }),
    ...(stopSequence !== null && { stop_sequence: stopSequence }),
  };
  const choice = buildChoice({
    index: 0,
    text: content
      .map((block) => (readText(block, 'type') === 'text' ? readText(block, 'text') : ''))
      .join(''),
    reasoning: content.map((block) => readText(block, 'thinking') ?? '').join(''),
    toolCalls: blocks.filter(({ block }) => readText(block, 'type') === 'tool_use').map(toToolCall),
    finishReason,
    extraContent: Object.keys(own).length > 0 ? { anthropic: own } : undefined,
  });
  return { completion: buildCompletion({ id, model }, [choice], usage), usage, serviceTier };
}

function toToolCall({ block, json }: FinishedBlock): ToolCall {
  const name = readText(block, 'name');
  if (name === null) throw new UnreadableAnswer('tool_call', 'the provider sent a tool call without a name');
  return {
    id: callIdUnless(new Set(['']), readText(block, 'id')),
    type: 'function',
    function: { name, arguments: json ?? toArguments(readField(block, 'input')) },
  };
}

/** SDK 1.12 `StopReason`; a new word still says that the message ended. */
export function toFinishReason(reported: unknown): FinishReason | null {
  if (typeof reported !== 'string') return null;
  const known: Record<string, FinishReason> = {
    max_tokens: 'length',
    model_context_window_exceeded: 'length',
    tool_use: 'tool_calls',
    refusal: 'content_filter',
  };
  return known[reported] ?? 'stop';
}

/**
 * Anthropic's `usage` as ours. It counts cache reads and writes outside `input_tokens`, and says in
 * `cache_creation` how long the writes are kept; `output_tokens` includes thinking. Null when missing or not
 * to be trusted. Source: SDK 1.12 `Usage`.
 */
export function readAnthropicUsage(reported: unknown): Usage | null {
  if (!isRecord(reported)) return null;
  const fresh = reported['input_tokens'];
  const cachedTokens = reported['cache_read_input_tokens'] ?? 0;
  const lifetimes = readLifetimes(reported['cache_creation']);
  const cacheWriteTokens = reported['cache_creation_input_tokens'] ?? lifetimes?.sum ?? 0;
  const isCounted = [fresh, cachedTokens, cacheWriteTokens].every(isCount);
  return checkUsage({
    promptTokens: isCounted ? Number(fresh) + Number(cachedTokens) + Number(cacheWriteTokens) : undefined,
    completionTokens: reported['output_tokens'],
    cachedTokens,
    cacheWriteTokens,
    // Lifetimes that do not add up to the whole are ignored.
    ...(lifetimes !== null && lifetimes.sum === cacheWriteTokens && { cacheWriteHourTokens: lifetimes.hour }),
    reasoningTokens: readField(reported, 'output_tokens_details', 'thinking_tokens') ?? 0,
  });
}

/** How many tokens were written for an hour, and for any time; null when that is not reported. */
function readLifetimes(reported: unknown): { hour: number; sum: number } | null {
  const minutes = readField(reported, 'ephemeral_5m_input_tokens') ?? 0;
  const hour = readField(reported, 'ephemeral_1h_input_tokens') ?? 0;
  return isRecord(reported) && isCount(minutes) && isCount(hour) ? { hour, sum: minutes + hour } : null;
}
