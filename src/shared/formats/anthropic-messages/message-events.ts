import type { ChatCompletion, Choice, Delta } from '../../chat/chat.ts';
import { emptyText, messageHead, thinkingOf, toAnthropicUsage, toStop } from './message-object.ts';
import { createWholeCalls } from './whole-calls.ts';

/** One server-sent event of `POST /v1/messages` with `stream: true`; its name is also in its data. */
export type MessageEvent = { event: string; data: { type: string } & Record<string, unknown> };

/**
 * Turns the deltas of one job into Anthropic's events: message_start, for each block start, deltas and stop,
 * then message_delta with the stop reason and the usage, message_stop. Text is one block; each tool call is a
 * block of its own, after it. Thinking of Claude's comes before what it led to. `likelyInputTokens` is our
 * own count of the prompt: clients that read their input from message_start have it, and message_delta has
 * what the provider counted.
 */
export function createMessageEvents(model: string, jobId: string, likelyInputTokens: number) {
  const calls = createWholeCalls();
  let open: { index: number; key: string } | null = null;
  let blocks = 0;

  function start(key: string, block: Record<string, unknown>): MessageEvent[] {
    const closing = stop();
    open = { index: blocks, key };
    blocks += 1;
    return [...closing, toEvent('content_block_start', { index: open.index, content_block: block })];
  }

  function stop(): MessageEvent[] {
    if (open === null) return [];
    const { index } = open;
    open = null;
    return [toEvent('content_block_stop', { index })];
  }

  function think(thinking: unknown[]): MessageEvent[] {
    if (thinking.length === 0) return [];
    return [...stop(), ...thinking.flatMap((block) => thinkingEvents(block as Thinking, blocks++))];
  }

  function startFor(delta: Delta): MessageEvent[] {
    const key = delta.kind === 'tool_call' ? `tool ${delta.index}` : delta.kind;
    if (open?.key === key) return [];
    if (delta.kind === 'reasoning') return start(key, { type: 'thinking', thinking: '', signature: '' });
    if (delta.kind === 'text') return start(key, emptyText);
    const { id = '', name = '', extra_content } = delta;
    const state = extra_content === undefined ? {} : { extra_content };
    return start(key, { type: 'tool_use', id, name, input: {}, caller: { type: 'direct' }, ...state });
  }

  function encode(delta: Delta): MessageEvent[] {
    const starting = [...think(delta.thinking ?? []), ...startFor(delta)];
    const isEmpty = delta.kind === 'tool_call' && delta.arguments === '';
    if (isEmpty) return starting;
    return [...starting, toEvent('content_block_delta', { index: blocks - 1, delta: toPiece(delta) })];
  }

  /** What another provider refuses with, in a field of its own, is the text of the turn. */
  function encodeRefusal(choice: Choice | undefined): MessageEvent[] {
    const { content, refusal } = choice?.message ?? {};
    return refusal && !content ? encode({ kind: 'text', choice: 0, text: refusal }) : [];
  }

  return {
    started: (): MessageEvent[] => {
      const head = messageHead(model, jobId);
      const usage = { ...head.usage, input_tokens: likelyInputTokens };
      return [toEvent('message_start', { message: { ...head, usage } })];
    },
    delta: (delta: Delta): MessageEvent[] => calls.take(delta).flatMap(encode),
    ended: (completion: ChatCompletion): MessageEvent[] => {
      const [choice] = completion.choices;
      // A turn that was thinking and nothing else had no piece to be blocks with.
      const untold = blocks === 0 && choice !== undefined ? thinkingOf(choice) : [];
      return [
        ...calls.rest().flatMap(encode),
        ...encodeRefusal(choice),
        ...stop(),
        ...think(untold),
        toEvent('message_delta', {
          delta: { ...toStop(choice), stop_details: null, container: null },
          usage: toAnthropicUsage(completion.usage),
        }),
        toEvent('message_stop', {}),
      ];
    },
  };
}

type Thinking = { type: string; thinking?: string; signature?: string };

/** Thinking is whole when it is blocks of: the SDKs put it together from its one delta and its signature. */
function thinkingEvents(block: Thinking, index: number): MessageEvent[] {
  const isOpen = block.type === 'thinking';
  const empty = isOpen ? { ...block, thinking: '', signature: '' } : block;
  const toDelta = (delta: object) => toEvent('content_block_delta', { index, delta });
  return [
    toEvent('content_block_start', { index, content_block: empty }),
    ...(isOpen ? [toDelta({ type: 'thinking_delta', thinking: block.thinking ?? '' })] : []),
    ...(isOpen ? [toDelta({ type: 'signature_delta', signature: block.signature ?? '' })] : []),
    toEvent('content_block_stop', { index }),
  ];
}

function toPiece(delta: Delta): object {
  if (delta.kind === 'text') return { type: 'text_delta', text: delta.text };
  if (delta.kind === 'reasoning') return { type: 'thinking_delta', thinking: delta.text };
  return { type: 'input_json_delta', partial_json: delta.arguments };
}

/** An event under its name. */
export function toEvent(type: string, fields: Record<string, unknown>): MessageEvent {
  return { event: type, data: { type, ...fields } };
}
