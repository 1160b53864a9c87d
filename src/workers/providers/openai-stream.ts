import type { ToolCall } from '../../shared/chat/chat.ts';
import { buildChoice, buildCompletion } from './completion.ts';
import { keepCallState, keepReasoning, reasoningFields, toFinishReason } from './openai-completion.ts';
import { findOpenaiUsage, readOpenaiUsage } from './openai-usage.ts';
import { createOutputLog, type OutputLog } from './output-log.ts';
import type { ProviderCall } from './provider.ts';
import { isRecord, readField, readList, readText } from './read-field.ts';
import type { Assembler, Translated } from './run-call.ts';

type OpenChoice = {
  index: number;
  text: string;
  refusal: string | null;
  toolCalls: Map<number, ToolCall>;
  reasoning: Record<string, unknown>;
  logprobs: { content: unknown[]; refusal: unknown[] } | null;
  finishReason: ReturnType<typeof toFinishReason>;
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
      for (const piece of readList(chunk, 'choices')) addPiece(openChoice(choices, piece), piece, call, log);
      const usage = findOpenaiUsage(chunk);
      if (usage !== null) log.report(readOpenaiUsage(usage));
    },
    produced: log.produced,
    keptBytes: log.keptBytes,
    completed() {
      const sorted = [...choices.values()].sort((a, b) => a.index - b.index);
      if (sorted.length < (call.request.n ?? 1)) return null;
      const closed = sorted.map(closeChoice);
      if (closed.includes(null)) return null;
      const finished = closed.filter((choice) => choice !== null);
      const head = { id, created, model: call.request.model };
      const usage = log.usage();
      const completion = buildCompletion(head, finished, usage);
      return { completion, usage, serviceTier } satisfies Translated;
    },
  };
}

function openChoice(choices: Map<number, OpenChoice>, piece: unknown): OpenChoice {
  const index = Number(readField(piece, 'index') ?? 0);
  const known = choices.get(index);
  if (known !== undefined) return known;
  const opened: OpenChoice = {
    index,
    text: '',
    refusal: null,
    toolCalls: new Map(),
    reasoning: {},
    logprobs: null,
    finishReason: null,
  };
  choices.set(index, opened);
  return opened;
}

function addPiece(choice: OpenChoice, piece: unknown, call: ProviderCall, log: OutputLog): void {
  const delta = readField(piece, 'delta');
  const text = readText(delta, 'content') ?? '';
  if (text !== '') {
    choice.text += text;
    log.add(text);
    call.onDelta({ kind: 'text', choice: choice.index, text });
  }
  const refusal = readText(delta, 'refusal');
  if (refusal !== null) {
    choice.refusal = (choice.refusal ?? '') + refusal;
    log.add(refusal);
  }
  addReasoning(choice, delta, log);
  for (const fragment of readList(delta, 'tool_calls')) addToolCall(choice, fragment, call, log);
  addLogprobs(choice, readField(piece, 'logprobs'), log);
  choice.finishReason ??= toFinishReason(readField(piece, 'finish_reason'));
}

function addReasoning(choice: OpenChoice, delta: unknown, log: OutputLog): void {
  for (const name of reasoningFields) {
    const piece = readField(delta, name);
    if (typeof piece !== 'string' && !Array.isArray(piece)) continue;
    choice.reasoning[name] = joinPieces(choice.reasoning[name], piece);
    log.keep(piece);
  }
  // Some servers say the same text under two names; it is charged once.
  log.add(readText(delta, 'reasoning_content') ?? readText(delta, 'reasoning') ?? '');
}

function joinPieces(before: unknown, piece: string | unknown[]): unknown {
  if (typeof piece === 'string') return (typeof before === 'string' ? before : '') + piece;
  return Array.isArray(before) ? [...before, ...piece] : piece;
}

function addToolCall(choice: OpenChoice, fragment: unknown, call: ProviderCall, log: OutputLog): void {
  const index = Number(readField(fragment, 'index') ?? choice.toolCalls.size);
  const id = readText(fragment, 'id');
  const name = readText(fragment, 'function', 'name');
  const args = readText(fragment, 'function', 'arguments') ?? '';
  const known = choice.toolCalls.get(index);
  if (known === undefined) {
    if (id === null || name === null) throw new Error('the provider sent a tool call without id or name');
    choice.toolCalls.set(index, {
      id,
      type: 'function',
      function: { name, arguments: args },
      ...keepCallState(fragment),
    });
    log.add(name);
  } else {
    known.function.arguments += args;
  }
  log.add(args);
  const head =
    known === undefined && id !== null && name !== null ? { id, name, ...keepCallState(fragment) } : {};
  call.onDelta({ kind: 'tool_call', choice: choice.index, index, ...head, arguments: args });
}

function addLogprobs(choice: OpenChoice, logprobs: unknown, log: OutputLog): void {
  if (!isRecord(logprobs)) return;
  log.keep(logprobs);
  choice.logprobs ??= { content: [], refusal: [] };
  choice.logprobs.content.push(...readList(logprobs, 'content'));
  choice.logprobs.refusal.push(...readList(logprobs, 'refusal'));
}

function closeChoice(choice: OpenChoice) {
  if (choice.finishReason === null) return null;
  const toolCalls = [...choice.toolCalls].sort(([a], [b]) => a - b).map(([, toolCall]) => toolCall);
  const { logprobs } = choice;
  return buildChoice({
    index: choice.index,
    text: choice.text,
    refusal: choice.refusal,
    toolCalls,
    finishReason: choice.finishReason,
    logprobs: logprobs && { ...logprobs, refusal: logprobs.refusal.length > 0 ? logprobs.refusal : null },
    extraContent: keepReasoning(choice.reasoning),
  });
}
