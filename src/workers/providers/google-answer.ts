import type {
  Candidate,
  GenerateContentResponse,
  GenerateContentResponseUsageMetadata,
  Part,
} from '@google/genai';
import type { Choice, FinishReason, ToolCall } from '../../shared/domain/chat.ts';
import { checkUsage, type Usage } from '../../shared/domain/usage.ts';
import type { Collector, Finished } from './answer-call.ts';
import { BrokenAnswer } from './failure.ts';

type Head = { id: string; createdSeconds: number; model: string };

/** One choice while it grows: its parts in order, and why it ended once it has. */
type Draft = { index: number; parts: Part[]; finishReason: string | null; logprobs: unknown };

/** A plain answer in OpenAI's words. Throws BrokenAnswer when it is none. */
export function readResponse(
  response: GenerateContentResponse,
  model: string,
  createdSeconds: number,
): Finished {
  const drafts = new Map<number, Draft>();
  addCandidates(drafts, response, null);
  const usage = toUsage(response.usageMetadata);
  const head = { id: response.responseId ?? '', createdSeconds, model };
  return finish(drafts, head, usage, response.promptFeedback?.blockReason !== undefined);
}

/** Reads a stream to its end; complete only when every choice that began has a finish reason. */
export async function readResponses(
  stream: AsyncIterable<GenerateContentResponse>,
  model: string,
  createdSeconds: number,
  collector: Collector,
): Promise<Finished> {
  const drafts = new Map<number, Draft>();
  let usage: Usage | null = null;
  let blocked = false;
  let id = '';
  for await (const response of stream) {
    id ||= response.responseId ?? '';
    blocked ||= response.promptFeedback?.blockReason !== undefined;
    usage = toUsage(response.usageMetadata) ?? usage;
    collector.usage = usage;
    addCandidates(drafts, response, collector);
  }
  return finish(drafts, { id, createdSeconds, model }, usage, blocked);
}

function addCandidates(
  drafts: Map<number, Draft>,
  response: GenerateContentResponse,
  collector: Collector | null,
) {
  for (const [place, candidate] of (response.candidates ?? []).entries()) {
    const index = candidate.index ?? place;
    const draft = drafts.get(index) ?? { index, parts: [], finishReason: null, logprobs: null };
    drafts.set(index, draft);
    addCandidate(draft, candidate, collector);
  }
}

function addCandidate(draft: Draft, candidate: Candidate, collector: Collector | null): void {
  for (const part of candidate.content?.parts ?? []) {
    draft.parts.push(part);
    if (collector !== null) report(draft, part, collector);
  }
  if (candidate.finishReason !== undefined) draft.finishReason = candidate.finishReason;
  if (candidate.logprobsResult !== undefined) draft.logprobs = candidate.logprobsResult;
}

function report(draft: Draft, part: Part, collector: Collector): void {
  if (isText(part)) collector.add({ kind: 'text', choice: draft.index, text: part.text ?? '' });
  if (part.functionCall === undefined) return;
  const index = draft.parts.filter((one) => one.functionCall !== undefined).length - 1;
  const call = toToolCall(part, draft.index, index);
  collector.add({
    kind: 'tool_call',
    choice: draft.index,
    index,
    id: call.id,
    name: call.function.name,
    arguments: call.function.arguments,
  });
}

function isText(part: Part): boolean {
  return part.text !== undefined && part.text !== '' && part.thought !== true;
}

function finish(drafts: Map<number, Draft>, head: Head, usage: Usage | null, blocked: boolean): Finished {
  const ordered = [...drafts.values()].sort((one, other) => one.index - other.index);
  if (ordered.some((draft) => draft.finishReason === null) || (ordered.length === 0 && !blocked)) {
    throw new BrokenAnswer('the answer ended before it was complete');
  }
  // A prompt that was blocked has no candidates at all: an empty answer, filtered.
  const choices =
    ordered.length === 0
      ? [toChoice({ index: 0, parts: [], finishReason: 'SAFETY', logprobs: null })]
      : ordered.map(toChoice);
  return {
    completion: {
      id: head.id,
      object: 'chat.completion',
      created: head.createdSeconds,
      model: head.model,
      choices,
    },
    usage,
  };
}

function toChoice(draft: Draft): Choice {
  const texts = draft.parts.filter(isText).map((part) => part.text ?? '');
  const toolCalls = draft.parts
    .filter((part) => part.functionCall !== undefined)
    .map((part, index) => toToolCall(part, draft.index, index));
  const signed = draft.parts.some((part) => part.thoughtSignature !== undefined);
  return {
    index: draft.index,
    message: {
      role: 'assistant',
      content: texts.length === 0 ? null : texts.join(''),
      refusal: null,
      ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
      ...(signed ? { extra_content: { google: { parts: draft.parts } } } : {}),
    },
    logprobs: draft.logprobs,
    finish_reason: toolCalls.length > 0 ? 'tool_calls' : toFinishReason(draft.finishReason),
  };
}

/** Gemini may leave a call without an id; OpenAI's clients need one to answer it. */
function toToolCall(part: Part, choice: number, index: number): ToolCall {
  const { id, name, args } = part.functionCall ?? {};
  return {
    id: id ?? `call_${choice}_${index}`,
    type: 'function',
    function: { name: name ?? '', arguments: JSON.stringify(args ?? {}) },
  };
}

function toFinishReason(reason: string | null): FinishReason {
  if (reason === 'MAX_TOKENS') return 'length';
  return reason === 'STOP' || reason === null ? 'stop' : 'content_filter';
}

/** Gemini counts thoughts beside the candidates' tokens; ours are inside the completion. */
function toUsage(usage: GenerateContentResponseUsageMetadata | undefined): Usage | null {
  if (usage?.promptTokenCount === undefined) return null;
  const reasoningTokens = usage.thoughtsTokenCount ?? 0;
  return checkUsage({
    promptTokens: usage.promptTokenCount + (usage.toolUsePromptTokenCount ?? 0),
    completionTokens: (usage.candidatesTokenCount ?? 0) + reasoningTokens,
    cachedTokens: usage.cachedContentTokenCount ?? 0,
    cacheWriteTokens: 0,
    reasoningTokens,
  });
}
