import { writeJson } from '../../platform/json/verbatim.ts';
import { type MessageEvent, toEvent } from './message-events.ts';
import { toPassedBlock, toPassedMessage } from './message-object.ts';

type Fields = Record<string, unknown>;

/** What ends a message: it is sent once the job behind it has been settled. */
const lastTypes = new Set(['message_delta', 'message_stop']);

/**
 * Claude's own events for a client of Anthropic's API: changed only in the id, the model and what they lack.
 * A client that was sent none, because none came or their log was lost, is sent the whole message at the end.
 */
export function createPassedEvents(model: string, jobId: string) {
  let isBegun = false;
  const last: MessageEvent[] = [];

  function passed(event: Fields): MessageEvent[] {
    const type = String(event['type']);
    isBegun = true;
    if (lastTypes.has(type)) {
      last.push({ event: type, data: { ...event, type } });
      return [];
    }
    return [{ event: type, data: { ...event, ...completed(event), type } }];
  }

  function completed({ type, message, content_block: block }: Fields): Fields {
    if (type === 'message_start') return { message: toPassedMessage(message as Fields, model, jobId) };
    return type === 'content_block_start' ? { content_block: toPassedBlock(block as Fields) } : {};
  }

  return {
    passed,
    /** `message` is the whole, as a client that does not stream is answered. */
    ended: (message: Fields): MessageEvent[] => {
      if (!isBegun) return wholeMessage(message);
      return last.some(({ event }) => event === 'message_stop') ? last : endOf(message);
    },
  };
}

function endOf({ stop_reason, stop_sequence, usage }: Fields): MessageEvent[] {
  const delta = { stop_reason, stop_sequence };
  return [toEvent('message_delta', { delta, usage }), toEvent('message_stop', {})];
}

function wholeMessage(message: Fields): MessageEvent[] {
  const { content, stop_reason: _, stop_sequence: __, ...head } = message;
  const begun = { ...head, content: [], stop_reason: null, stop_sequence: null };
  return [
    toEvent('message_start', { message: begun }),
    ...(content as Fields[]).flatMap(wholeBlock),
    ...endOf(message),
  ];
}

function wholeBlock(block: Fields, index: number): MessageEvent[] {
  const [empty, ...deltas] = piecesOf(block);
  return [
    toEvent('content_block_start', { index, content_block: empty }),
    ...deltas.map((delta) => toEvent('content_block_delta', { index, delta })),
    toEvent('content_block_stop', { index }),
  ];
}

/** A block as it is opened, and what is then added to it. */
function piecesOf(block: Fields): Fields[] {
  switch (block['type']) {
    case 'text':
      return [
        { ...block, text: '' },
        { type: 'text_delta', text: block['text'] },
      ];
    case 'thinking':
      return [
        { ...block, thinking: '', signature: '' },
        { type: 'thinking_delta', thinking: block['thinking'] },
        { type: 'signature_delta', signature: block['signature'] },
      ];
    case 'tool_use':
      return [
        { ...block, input: {} },
        { type: 'input_json_delta', partial_json: writeJson(block['input']) },
      ];
    default:
      return [block];
  }
}
