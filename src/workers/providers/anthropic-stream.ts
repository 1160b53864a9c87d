import type { Delta } from '../../shared/chat/chat.ts';
import {
  buildFromBlocks,
  type FinishedBlock,
  readAnthropicUsage,
  toFinishReason,
} from './anthropic-completion.ts';
import { isThinking } from './anthropic-messages.ts';
import { callIdUnless } from './openai-tool-call.ts';
import { createOutputLog, type OutputLog } from './output-log.ts';
import type { ProviderCall } from './provider.ts';
import { isRecord, parseJson, readField, readText } from './read-field.ts';
import type { Assembler } from './run-call.ts';
import { toArguments } from './tool-arguments.ts';

type OpenBlock = { block: Record<string, unknown>; json: string; toolIndex: number };
type Turn = {
  blocks: Map<number, OpenBlock>;
  tools: number;
  log: OutputLog;
  call: ProviderCall;
  /** Thinking that has ended and that no delta has carried yet. */
  thinking: unknown[];
};

/**
 * Assembles Anthropic's event stream: message_start, blocks, then message_delta with the stop reason and
 * final usage.
 */
export function createAnthropicAssembler(call: ProviderCall): Assembler {
  const turn: Turn = { blocks: new Map(), tools: 0, log: createOutputLog(), call, thinking: [] };
  let id: string | null = null;
  let usage: Record<string, unknown> = {};
  let isOutputCounted = false;
  let finishReason: ReturnType<typeof toFinishReason> = null;
  let stopSequence: string | null = null;

  /**
   * Later counts replace earlier ones; null means "nothing new" (SDK 1.12 `MessageDeltaUsage`). What a
   * message starts with counts the input; the output is counted at its end, or not at all.
   */
  function mergeUsage(reported: unknown, isEnd: boolean): void {
    if (!isRecord(reported)) return;
    const known = Object.entries(reported).filter(([, count]) => count !== null && count !== undefined);
    usage = { ...usage, ...Object.fromEntries(known) };
    isOutputCounted ||= isEnd && typeof reported['output_tokens'] === 'number';
    // Thinking is part of an output that is not counted yet.
    const counts = isOutputCounted ? usage : { ...usage, output_tokens_details: null };
    turn.log.report(readAnthropicUsage(counts), isOutputCounted);
  }

  return {
    add(event) {
      switch (readText(event, 'type')) {
        case 'message_start':
          id = readText(event, 'message', 'id');
          mergeUsage(readField(event, 'message', 'usage'), false);
          break;
        case 'content_block_start':
          openBlock(turn, Number(readField(event, 'index')), readField(event, 'content_block'));
          break;
        case 'content_block_delta':
          addDelta(turn, Number(readField(event, 'index')), readField(event, 'delta'));
          break;
        case 'content_block_stop':
          endBlock(turn, Number(readField(event, 'index')));
          break;
        case 'message_delta':
          finishReason = toFinishReason(readField(event, 'delta', 'stop_reason')) ?? finishReason;
          stopSequence = readText(event, 'delta', 'stop_sequence') ?? stopSequence;
          mergeUsage(readField(event, 'usage'), true);
          break;
        default:
      }
    },
    produced: turn.log.produced,
    keptBytes: turn.log.keptBytes,
    completed() {
      if (finishReason === null) return null;
      const blocks = [...turn.blocks].sort(([a], [b]) => a - b).map(([, open]) => closeBlock(open));
      return buildFromBlocks({
        id,
        model: call.request.model,
        blocks,
        finishReason,
        stopSequence,
        usage: turn.log.usage(),
        serviceTier: readText(usage, 'service_tier'),
      });
    },
  };
}

function openBlock(turn: Turn, index: number, start: unknown): void {
  if (!isRecord(start)) throw new Error('the provider opened a block without content');
  const toolIndex = start['type'] === 'tool_use' ? turn.tools++ : -1;
  const opened: OpenBlock = { block: { ...start }, json: '', toolIndex };
  turn.blocks.set(index, opened);
  turn.log.keep(start);
  const text = readText(start, 'text') ?? '';
  if (text !== '') emitText(turn, text);
  const name = readText(start, 'name');
  if (toolIndex === -1 || name === null) return;
  const id = callIdUnless(new Set(['']), readText(start, 'id'));
  opened.block['id'] = id;
  turn.log.add(name);
  emit(turn, { kind: 'tool_call', choice: 0, index: toolIndex, id, name, arguments: '' });
}

function addDelta(turn: Turn, index: number, delta: unknown): void {
  const open = turn.blocks.get(index);
  if (open === undefined) throw new Error('the provider continued a block it had not opened');
  switch (readText(delta, 'type')) {
    case 'text_delta': {
      const text = extend(open, 'text', delta);
      if (text !== '') emitText(turn, text);
      break;
    }
    case 'input_json_delta':
      addInput(turn, open, readText(delta, 'partial_json') ?? '');
      break;
    case 'thinking_delta': {
      const text = extend(open, 'thinking', delta);
      turn.log.add(text);
      if (text !== '') turn.call.onDelta({ kind: 'reasoning', choice: 0, text });
      break;
    }
    case 'signature_delta':
      turn.log.keep(extend(open, 'signature', delta));
      break;
    default:
  }
}

/** Appends one string of a delta to the same of its block; returns what was appended. */
function extend({ block }: OpenBlock, name: string, delta: unknown): string {
  const piece = readText(delta, name) ?? '';
  block[name] = String(block[name] ?? '') + piece;
  return piece;
}

function addInput(turn: Turn, open: OpenBlock, json: string): void {
  open.json += json;
  turn.log.add(json);
  if (json === '' || open.toolIndex === -1) return;
  emit(turn, { kind: 'tool_call', choice: 0, index: open.toolIndex, arguments: json });
}

function emitText(turn: Turn, text: string): void {
  turn.log.add(text);
  emit(turn, { kind: 'text', choice: 0, text });
}

/** What it thought is shown as it comes; its blocks, to be given back, go with the first piece after them. */
function emit(turn: Turn, delta: Delta): void {
  const { thinking } = turn;
  turn.thinking = [];
  turn.call.onDelta(thinking.length === 0 ? delta : { ...delta, thinking });
}

/** A tool without parameters gets no deltas of its own, but its arguments must read as JSON. */
function endBlock(turn: Turn, index: number): void {
  const open = turn.blocks.get(index);
  if (open !== undefined && isThinking(open.block)) turn.thinking.push(open.block);
  if (open === undefined || open.toolIndex === -1 || open.json !== '') return;
  open.json = toArguments(open.block['input']);
  turn.log.add(open.json);
  emit(turn, { kind: 'tool_call', choice: 0, index: open.toolIndex, arguments: open.json });
}

function closeBlock({ block, json, toolIndex }: OpenBlock): FinishedBlock {
  if (toolIndex === -1) return { block, json: null };
  // `max_tokens` can end a tool call in the middle of its arguments: then the text is kept and the block's
  // input stays empty.
  return { block: { ...block, input: parseJson(json) ?? {} }, json };
}
