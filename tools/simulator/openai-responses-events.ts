import { type Reply, splitText } from './reply.ts';
import { countTokens } from './tokens.ts';
import { type StreamEvent, sse } from './wire.ts';

type Item = Record<string, unknown>;
type Answer = {
  items: Item[];
  /** The response before anything came out of it, and at its end. */
  open: Item;
  whole: Item;
};

/** The events of `POST /v1/responses` with `stream: true`, in OpenAI's order and numbers. */
export function responseEvents(reply: Reply, { items, open, whole }: Answer): StreamEvent[] {
  const out: StreamEvent[] = [];
  let sent = '';
  const push = (type: string, data: Item) => {
    const event = { type, sequence_number: out.length, ...data };
    out.push({ frame: sse(event, type), tokens: reply.counts.reasoning + countTokens(sent) });
  };
  push('response.created', { response: open });
  push('response.in_progress', { response: open });
  items.forEach((item, output_index) => {
    const at = { output_index, item_id: item['id'] };
    push('response.output_item.added', { output_index, item: { ...item, ...emptied(item) } });
    if (item['type'] !== 'reasoning') sent += String(item['name'] ?? '');
    pieceEvents(item).forEach(({ type, grown = '', ...data }) => {
      if (item['type'] !== 'reasoning') sent += grown;
      push(type, { ...at, ...data });
    });
    push('response.output_item.done', { output_index, item });
  });
  push(`response.${whole['status']}`, { response: whole });
  return out;
}

/** An item as it is when it is opened. */
function emptied(item: Item): Item {
  switch (item['type']) {
    case 'reasoning':
      return { summary: [], encrypted_content: null };
    case 'message':
      return { content: [], status: 'in_progress' };
    case 'custom_tool_call':
      return { input: '', status: 'in_progress' };
    case 'tool_search_call':
      return { arguments: {}, status: 'in_progress' };
    default:
      return { arguments: '', status: 'in_progress' };
  }
}

/** `grown` is what the output grows by. */
type Piece = { type: string; grown?: string } & Item;

function pieceEvents(item: Item): Piece[] {
  switch (item['type']) {
    case 'reasoning':
      return (item['summary'] as Item[]).flatMap((part, summary_index) =>
        partEvents('response.reasoning_summary', part, { summary_index }),
      );
    case 'message':
      return (item['content'] as Item[]).flatMap((part, content_index) => [
        { type: 'response.content_part.added', content_index, part: { ...part, text: '' } },
        ...textEvents('response.output_text', String(part['text']), { content_index, logprobs: [] }),
        { type: 'response.content_part.done', content_index, part },
      ]);
    case 'custom_tool_call': {
      const input = String(item['input']);
      return callEvents('response.custom_tool_call_input', input, { input });
    }
    case 'tool_search_call':
      return [];
    default: {
      const args = String(item['arguments']);
      return callEvents('response.function_call_arguments', args, { arguments: args, name: item['name'] });
    }
  }
}

function partEvents(kind: string, part: Item, at: Item): Piece[] {
  return [
    { type: `${kind}_part.added`, ...at, part: { ...part, text: '' } },
    ...textEvents(`${kind}_text`, String(part['text']), at),
    { type: `${kind}_part.done`, ...at, part },
  ];
}

function textEvents(kind: string, text: string, at: Item): Piece[] {
  const deltas = splitText(text).map((delta) => ({ type: `${kind}.delta`, ...at, delta, grown: delta }));
  return [...deltas, { type: `${kind}.done`, ...at, text }];
}

function callEvents(kind: string, text: string, done: Item): Piece[] {
  const deltas = splitText(text).map((delta) => ({ type: `${kind}.delta`, delta, grown: delta }));
  return [...deltas, { type: `${kind}.done`, ...done }];
}

/** `ResponseErrorEvent` of the SDK. */
export function responseStreamError(): string {
  const error = { type: 'error', code: 'server_error', message: 'The server had an error', param: null };
  return sse({ ...error, sequence_number: 0 }, 'error');
}
