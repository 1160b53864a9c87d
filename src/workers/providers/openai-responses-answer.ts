import type { Choice, ExtraContent, FinishReason } from '../../shared/chat/chat.ts';
import { buildChoice, buildCompletion } from './completion.ts';
import { itemGap, type ReadOutput, readOutput } from './openai-responses-output.ts';
import { readOpenaiUsage } from './openai-usage.ts';
import type { ProviderCall } from './provider.ts';
import { isRecord, readField, readList, readText } from './read-field.ts';
import { ReportedError } from './reported-error.ts';
import type { Translated } from './translated.ts';

/**
 * A finished `Response` (SDK 7) as a completion of ours; null when it is not finished, or was completed and
 * has neither a message nor a call. Throws `ReportedError` when it failed.
 */
export function fromResponse(body: unknown, call: ProviderCall): Translated | null {
  throwFailure(body);
  const status = readText(body, 'status') ?? 'completed';
  if (status !== 'completed' && status !== 'incomplete') return null;
  const output = readOutput(readList(body, 'output'));
  if (status === 'completed' && output.texts.length === 0 && output.toolCalls.length === 0) return null;
  const usage = readOpenaiUsage(readField(body, 'usage'));
  const created = readField(body, 'created_at');
  const head = {
    id: readText(body, 'id'),
    created: Number.isSafeInteger(created) ? Number(created) : null,
    model: call.request.model,
  };
  const choice = toChoice(output, finishOf(body, output), call.request.hide_reasoning === true);
  const completion = buildCompletion(head, [choice], usage);
  return { completion, usage, serviceTier: readText(body, 'service_tier') };
}

/** Throws the error of a response that failed, as a `ReportedError`. */
export function throwFailure(body: unknown): void {
  const error = readField(body, 'error');
  if (isRecord(error)) throw new ReportedError({ error });
  const status = readText(body, 'status');
  if (status !== 'failed' && status !== 'cancelled') return;
  const unnamed = { message: `the response was ${status} without a reason`, code: 'server_error' };
  throw new ReportedError({ error: unnamed });
}

function finishOf(body: unknown, output: ReadOutput): FinishReason {
  if (readText(body, 'status') === 'incomplete') {
    const reason = readText(body, 'incomplete_details', 'reason');
    return reason === 'content_filter' ? 'content_filter' : 'length';
  }
  return output.toolCalls.length > 0 ? 'tool_calls' : 'stop';
}

function toChoice(output: ReadOutput, finishReason: FinishReason, isHidden: boolean): Choice {
  const { refusal, toolCalls, callsBeforeText, reasoning, logprobs } = output;
  const text = output.texts.filter((one) => one !== '').join(itemGap);
  const choice = buildChoice({
    index: 0,
    text,
    refusal,
    reasoning: isHidden ? '' : reasoning,
    toolCalls,
    finishReason,
    logprobs: logprobs.length > 0 ? { content: logprobs, refusal: null } : null,
    extraContent: stateOf(output),
  });
  if (text === '' || callsBeforeText === 0) return choice;
  return { ...choice, message: { ...choice.message, calls_before_text: callsBeforeText } };
}

/**
 * What OpenAI wants back with the turn: its reasoning, and whether the message was a word in between or the
 * answer (`ResponseOutputMessage.phase`), where all that is joined in it was the same.
 */
function stateOf({ reasoningItems, phases }: ReadOutput): ExtraContent | undefined {
  const [phase, ...others] = phases;
  const isOne = typeof phase === 'string' && others.every((other) => other === phase);
  if (reasoningItems.length === 0 && !isOne) return undefined;
  const reasoning = reasoningItems.length > 0 && { reasoning_items: reasoningItems };
  return { openai: { ...reasoning, ...(isOne && { phase }) } };
}
