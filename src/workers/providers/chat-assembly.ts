import { isRecord } from './read-field.ts';

type Fields = Record<string, unknown>;

/** Text that comes whole, and perhaps again with each piece; all other text of a choice comes in pieces. */
const wholeFields = new Set(['role', 'id', 'type', 'name', 'index', 'finish_reason']);

/**
 * Puts a completion together from its chunks, as OpenAI's SDK does (`ChatCompletionStream` of SDK 7), so that
 * a streamed answer is stored as the one that is not streamed: fields that we do not know are kept.
 */
export function createChatAssembly() {
  let head: Fields | null = null;
  const choices = new Map<number, Fields>();
  let keptBytes = 0;

  /** Adds a piece to what is known of it; nothing of the piece itself is changed. */
  function addFields(known: Fields, piece: Fields): void {
    for (const name of Object.keys(piece)) addField(known, name, piece[name]);
  }

  function addField(known: Fields, name: string, value: unknown): void {
    // By this name every object has one that all others share.
    if (name !== '__proto__') known[name] = joined(name, known[name], value);
  }

  function joined(name: string, known: unknown, value: unknown): unknown {
    if (value === null || value === undefined) return known ?? null;
    if (typeof value === 'string') return joinedText(name, known, value);
    if (Array.isArray(value)) return withItems(Array.isArray(known) ? known : [], value);
    if (!isRecord(value)) return value;
    const fields = isRecord(known) ? known : {};
    addFields(fields, value);
    return fields;
  }

  function joinedText(name: string, known: unknown, value: string): string {
    keptBytes += value.length;
    return typeof known === 'string' && !wholeFields.has(name) ? known + value : value;
  }

  /** Items with an index are pieces of one another (tool calls); others follow each other (probabilities). */
  function withItems(list: unknown[], items: unknown[]): unknown[] {
    for (const item of items) {
      const known = hasIndex(item) ? list.findLast((one) => isPieceOf(item, one)) : undefined;
      if (known !== undefined) addFields(known as Fields, item as Fields);
      else list.push(joined('', undefined, item));
    }
    return list;
  }

  function addChoice(piece: Fields): void {
    const index = Number(piece['index'] ?? 0);
    const known = choices.get(index) ?? {
      index,
      message: { role: 'assistant', content: null, refusal: null },
      finish_reason: null,
    };
    choices.set(index, known);
    for (const name of Object.keys(piece)) {
      if (name !== 'delta' && name !== 'message') addField(known, name, piece[name]);
    }
    addField(known, 'message', piece['delta']);
  }

  return {
    add(event: unknown): void {
      const chunk = event as Fields;
      const pieces = chunk['choices'];
      head ??= {};
      for (const name of Object.keys(chunk)) if (name !== 'choices') addToHead(head, name, chunk[name]);
      if (Array.isArray(pieces)) for (const piece of pieces) addChoice(piece);
    },
    /** About how much of the answer is held in memory. */
    keptBytes: () => keptBytes,
    body(): Fields | null {
      if (head === null) return null;
      const sorted = [...choices.values()].sort((a, b) => Number(a['index']) - Number(b['index']));
      return { ...head, object: 'chat.completion', choices: sorted.map(withoutPositions) };
    },
  };
}

/** The first value counts, and of the usage the last. */
function addToHead(head: Fields, name: string, value: unknown): void {
  const known = head[name];
  const isOpen = known === undefined || known === null;
  if (isOpen || (name === 'usage' && value !== null)) head[name] = value;
}

const hasIndex = (item: unknown): item is Fields => isRecord(item) && item['index'] !== undefined;

const isPieceOf = (item: Fields, known: unknown) => isRecord(known) && item['index'] === known['index'];

/** A whole message has its calls in order, without the numbers that told their pieces apart. */
function withoutPositions(choice: Fields): Fields {
  const message = choice['message'] as Fields;
  if (!Array.isArray(message['tool_calls'])) return choice;
  const calls = message['tool_calls'].map((call: unknown) => {
    if (!isRecord(call)) return call;
    const { index: _, ...rest } = call;
    return rest;
  });
  return { ...choice, message: { ...message, tool_calls: calls } };
}
