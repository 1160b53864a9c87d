import type { ToolCall } from '../../shared/chat/chat.ts';
import { buildChoice, buildCompletion } from './completion.ts';
import { failedCalls, readGoogleUsage, toFinishReason, toOpenaiLogprobs } from './google-completion.ts';
import { callIdUnless } from './openai-tool-call.ts';
import { createOutputLog, type OutputLog } from './output-log.ts';
import type { ProviderCall } from './provider.ts';
import { isRecord, readField, readList, readText } from './read-field.ts';
import type { Assembler } from './run-call.ts';
import { toArguments } from './tool-arguments.ts';
import { UnreadableAnswer } from './unreadable-answer.ts';

type OpenCandidate = {
  index: number;
  text: string;
  thoughts: string;
  toolCalls: ToolCall[];
  signature: string | null;
  logprobs: unknown[] | null;
  finishReason: ReturnType<typeof toFinishReason>;
  /** In Gemini's own word. */
  reported: string | null;
};

/**
 * Assembles Gemini responses. A stream is a row of responses whose parts follow each other and whose usage is
 * cumulative, so a plain answer is a stream of one.
 */
export function createGoogleAssembler(call: ProviderCall): Assembler {
  const candidates = new Map<number, OpenCandidate>();
  const log = createOutputLog();
  let id: string | null = null;
  let isPromptBlocked = false;
  let usage: unknown;

  return {
    add(response) {
      id ??= readText(response, 'responseId');
      isPromptBlocked ||= readText(response, 'promptFeedback', 'blockReason') !== null;
      for (const candidate of readList(response, 'candidates')) {
        addCandidate(openCandidate(candidates, candidate), candidate, call, log);
      }
      usage = readField(response, 'usageMetadata') ?? usage;
      const counted = readGoogleUsage(usage, !log.isEmpty());
      // Until the output is counted too, what is reported of the prompt holds.
      log.report(counted ?? readGoogleUsage(usage, false), counted !== null);
    },
    produced: log.produced,
    keptBytes: log.keptBytes,
    completed(clean) {
      if (candidates.size === 0 && isPromptBlocked)
        openCandidate(candidates, {}).finishReason = 'content_filter';
      const closed = [...candidates.values()].sort((a, b) => a.index - b.index).map(closeCandidate);
      // Gemini may give fewer candidates than asked for; only a stream that broke off owes the others.
      const owed = clean ? 1 : (call.request.n ?? 1);
      if (closed.length < owed || closed.includes(null)) return null;
      const choices = closed.filter((choice) => choice !== null);
      const completion = buildCompletion({ id, model: call.request.model }, choices, log.usage());
      return { completion, usage: log.usage() };
    },
  };
}

function openCandidate(candidates: Map<number, OpenCandidate>, candidate: unknown): OpenCandidate {
  const index = Number(readField(candidate, 'index') ?? 0);
  const known = candidates.get(index);
  if (known !== undefined) return known;
  const opened: OpenCandidate = {
    index,
    text: '',
    thoughts: '',
    toolCalls: [],
    signature: null,
    logprobs: null,
    finishReason: null,
    reported: null,
  };
  candidates.set(index, opened);
  return opened;
}

function addCandidate(open: OpenCandidate, candidate: unknown, call: ProviderCall, log: OutputLog): void {
  for (const part of readList(candidate, 'content', 'parts')) addPart(open, part, call, log);
  const logprobs = toOpenaiLogprobs(readField(candidate, 'logprobsResult'));
  if (logprobs !== null) {
    open.logprobs ??= [];
    open.logprobs.push(...logprobs);
    log.keep(logprobs);
  }
  open.finishReason ??= toFinishReason(readField(candidate, 'finishReason'));
  open.reported ??= readText(candidate, 'finishReason');
}

function addPart(open: OpenCandidate, part: unknown, call: ProviderCall, log: OutputLog): void {
  const functionCall = readField(part, 'functionCall');
  if (isRecord(functionCall)) addFunctionCall(open, part, functionCall, call, log);
  const text = readText(part, 'text') ?? '';
  log.add(text);
  if (readField(part, 'thought') === true) {
    open.thoughts += text;
    if (text !== '') call.onDelta({ kind: 'reasoning', choice: open.index, text });
    return;
  }
  // That of a call is the call's own.
  if (!isRecord(functionCall)) open.signature = readText(part, 'thoughtSignature') ?? open.signature;
  if (text === '') return;
  open.text += text;
  call.onDelta({ kind: 'text', choice: open.index, text });
}

function addFunctionCall(
  open: OpenCandidate,
  part: unknown,
  functionCall: Record<string, unknown>,
  call: ProviderCall,
  log: OutputLog,
): void {
  const name = readText(functionCall, 'name');
  if (name === null) throw new UnreadableAnswer('tool_call', 'the provider sent a tool call without a name');
  // Gemini gives ids only to some models' calls.
  const taken = new Set(['', ...open.toolCalls.map((known) => known.id)]);
  const id = callIdUnless(taken, readText(functionCall, 'id'));
  const args = toArguments(functionCall['args']);
  const signature = readText(part, 'thoughtSignature');
  const state = signature !== null && { extra_content: { google: { thought_signature: signature } } };
  const index = open.toolCalls.length;
  open.toolCalls.push({ id, type: 'function', function: { name, arguments: args }, ...state });
  log.add(name);
  log.add(args);
  call.onDelta({ kind: 'tool_call', choice: open.index, index, id, name, arguments: args, ...state });
}

function closeCandidate(open: OpenCandidate) {
  if (open.finishReason === null) return null;
  const { signature, logprobs, toolCalls, text, thoughts, index, reported } = open;
  if (text === '' && toolCalls.length === 0 && reported !== null && failedCalls.includes(reported)) {
    throw new UnreadableAnswer('tool_call', `the provider could not write its tool call: ${reported}`);
  }
  return buildChoice({
    index,
    text,
    reasoning: thoughts,
    toolCalls,
    finishReason: open.finishReason,
    logprobs: logprobs && { content: logprobs, refusal: null },
    extraContent: signature === null ? undefined : { google: { thought_signature: signature } },
  });
}
