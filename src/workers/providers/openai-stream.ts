import type { Choice, FinishReason } from '../../shared/chat/chat.ts';
import { buildChoice, buildCompletion } from './completion.ts';
import { readOpenaiContent } from './openai-content.ts';
import { toFinishReason } from './openai-finish.ts';
import { joinReasoning, keepReasoning, readReasoning } from './openai-reasoning.ts';
import { listReportedCalls } from './openai-tool-call.ts';
import { findOpenaiUsage, readOpenaiUsage } from './openai-usage.ts';
import { createOutputLog, type OutputLog } from './output-log.ts';
import type { ProviderCall } from './provider.ts';
import { isRecord, readField, readList, readText } from './read-field.ts';
import type { Assembler } from './run-call.ts';
import { createStreamedCalls, type StreamedCalls } from './streamed-calls.ts';
import type { Translated } from './translated.ts';

type OpenChoice = {
  index: number;
  text: string;
  refusal: string | null;
  reasoning: string;
  /** Reasoning that its server wants back, by the names it has there. */
  state: Record<string, unknown>;
  calls: StreamedCalls;
  logprobs: { content: unknown[]; refusal: unknown[] } | null;
  finishReason: FinishReason | null;
  hasContent: boolean;
};

/** Assembles `chat.completion.chunk`s. The usage chunk comes after the finish reason and has no choices. */
export function createOpenaiAssembler(call: ProviderCall): Assembler {
  const choices = new Map<number, OpenChoice>();
  const log = createOutputLog();
  let id: string | null = null;
  let created: number | null = null;
  let serviceTier: string | null = null;

  return {
    add(chunk) {
      id ??= readText(chunk, 'id');
      const at = readField(chunk, 'created');
      if (Number.isSafeInteger(at)) created ??= Number(at);
      serviceTier = readText(chunk, 'service_tier') ?? serviceTier;
      for (const piece of readList(chunk, 'choices')) {
        addPiece(openChoice(choices, piece, call, log), piece, call, log);
      }
      const usage = findOpenaiUsage(chunk);
      if (usage !== null) log.report(readOpenaiUsage(usage));
    },
    produced: log.produced,
    keptBytes: log.keptBytes,
    completed(_clean, isDone) {
      const sorted = [...choices.values()].sort((a, b) => a.index - b.index);
      if (sorted.length < (call.request.n ?? 1)) return null;
      // A server that sends its closing frame has come to its end, with or without a finish reason.
      if (sorted.some((choice) => choice.finishReason === null && !(isDone && choice.hasContent)))
        return null;
      const head = { id, created, model: call.request.model };
      const usage = log.usage();
      const completion = buildCompletion(head, sorted.map(closeChoice), usage);
      return { completion, usage, serviceTier } satisfies Translated;
    },
  };
}

function openChoice(
  choices: Map<number, OpenChoice>,
  piece: unknown,
  call: ProviderCall,
  log: OutputLog,
): OpenChoice {
  const reported = Number(readField(piece, 'index') ?? 0);
  const index = Number.isSafeInteger(reported) ? reported : 0;
  const known = choices.get(index);
  if (known !== undefined) return known;
  const names = (call.request.tools ?? []).map((tool) => tool.function.name);
  const opened: OpenChoice = {
    index,
    text: '',
    refusal: null,
    reasoning: '',
    state: {},
    calls: createStreamedCalls(index, names, log, call.onDelta),
    logprobs: null,
    finishReason: null,
    hasContent: false,
  };
  choices.set(index, opened);
  return opened;
}

function addPiece(choice: OpenChoice, piece: unknown, call: ProviderCall, log: OutputLog): void {
  const delta = findDelta(choice, piece);
  const content = readOpenaiContent(readField(delta, 'content'));
  addReasoning(choice, delta, content.reasoning, call, log);
  if (content.text !== '') {
    choice.text += content.text;
    log.add(content.text);
    call.onDelta({ kind: 'text', choice: choice.index, text: content.text });
  }
  const refusal = readText(delta, 'refusal') ?? content.refusal;
  if (refusal !== null) {
    choice.refusal = (choice.refusal ?? '') + refusal;
    log.add(refusal);
  }
  const calls = listReportedCalls(delta, content.calls);
  for (const fragment of calls) choice.calls.add(fragment);
  choice.hasContent ||= content.text !== '' || Boolean(refusal) || calls.length > 0;
  addLogprobs(choice, readField(piece, 'logprobs'), log);
  choice.finishReason ??= toFinishReason(readField(piece, 'finish_reason'));
}

/**
 * The delta of a chunk. A whole message counts where nothing came before it: MiniMax ends each stream with
 * one that has it all again.
 */
function findDelta(choice: OpenChoice, piece: unknown): unknown {
  const delta = readField(piece, 'delta');
  if (isRecord(delta)) return delta;
  if (typeof delta === 'string') return { content: delta };
  const text = readText(piece, 'text');
  if (text !== null) return { content: text };
  return choice.hasContent ? undefined : readField(piece, 'message');
}

function addReasoning(
  choice: OpenChoice,
  delta: unknown,
  inContent: string,
  call: ProviderCall,
  log: OutputLog,
): void {
  joinReasoning(choice.state, delta, log.keep);
  const text = inContent || readReasoning(delta);
  if (text === '') return;
  choice.reasoning += text;
  log.add(text);
  call.onDelta({ kind: 'reasoning', choice: choice.index, text });
}

function addLogprobs(choice: OpenChoice, logprobs: unknown, log: OutputLog): void {
  if (!isRecord(logprobs)) return;
  log.keep(logprobs);
  choice.logprobs ??= { content: [], refusal: [] };
  choice.logprobs.content.push(...readList(logprobs, 'content'));
  choice.logprobs.refusal.push(...readList(logprobs, 'refusal'));
}

function closeChoice(choice: OpenChoice): Choice {
  const { logprobs } = choice;
  const finishReason = choice.finishReason ?? 'stop';
  return buildChoice({
    index: choice.index,
    text: choice.text,
    refusal: choice.refusal,
    reasoning: choice.reasoning,
    toolCalls: choice.calls.close(finishReason === 'length'),
    finishReason,
    logprobs: logprobs && { ...logprobs, refusal: logprobs.refusal.length > 0 ? logprobs.refusal : null },
    extraContent: keepReasoning(choice.state),
  });
}
