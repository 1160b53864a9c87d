import type { Delta } from '../../shared/chat/chat.ts';
import { isRecord, readField, readList, readText } from './read-field.ts';

type Fields = Record<string, unknown>;
type CallDelta = Extract<Delta, { kind: 'tool_call' }>;
type Output = { text: string; reasoning: string; calls: CallDelta[] };

/**
 * The chunks of a server of chat completions as its client can read them: a regular one as it came, and in
 * one that is not, what we read of it in OpenAI's words (content in parts, calls without numbers or ids,
 * reasoning under another name), beside the fields that nobody here knows.
 */
export function createChunkFitter() {
  const begun = new Set<number>();
  /** Calls of custom tools, by choice and index: OpenAI alone has them, and its own are regular. */
  const custom = new Set<string>();

  function outputOf(deltas: readonly Delta[], choice: number): Output {
    const output: Output = { text: '', reasoning: '', calls: [] };
    for (const delta of deltas) {
      if (delta.choice !== choice) continue;
      if (delta.kind !== 'tool_call') output[delta.kind] += delta.text;
      else if (isOfFunction(delta)) addCall(output.calls, delta);
    }
    return output;
  }

  function isOfFunction({ choice, index, custom: isCustom }: CallDelta): boolean {
    const call = `${choice}:${index}`;
    if (isCustom === true) custom.add(call);
    return !custom.has(call);
  }

  function fitChoice(piece: Fields, output: Output): Fields {
    const index = indexOf(piece);
    const fit = isRegular(piece, output)
      ? piece
      : { ...piece, index, delta: fitDelta(piece['delta'], output) };
    if (begun.has(index)) return fit;
    begun.add(index);
    if (readText(fit, 'delta', 'role') !== null) return fit;
    return { ...fit, delta: { role: 'assistant', ...(fit['delta'] as Fields) } };
  }

  /**
   * An event together with the deltas that were read of it; null for one that says nothing of a completion.
   */
  return function fit(event: Fields, deltas: readonly Delta[]): Fields | null {
    if (!Array.isArray(event['choices']) && !isRecord(event['usage']) && deltas.length === 0) return null;
    const pieces = readList(event, 'choices').filter(isRecord);
    const choices = pieces.map((piece) => fitChoice(piece, outputOf(deltas, indexOf(piece))));
    // What was held back comes with a later event, or after the last one.
    for (const { choice: index } of deltas) {
      if (choices.some((choice) => indexOf(choice) === index)) continue;
      const output = outputOf(deltas, index);
      if (output.text === '' && output.reasoning === '' && output.calls.length === 0) continue;
      choices.push(fitChoice({ index, delta: {}, finish_reason: null }, output));
    }
    return isSameList(event['choices'], choices) ? event : { ...event, choices };
  };
}

/** Pieces of one call that were read of one event are one. */
function addCall(calls: CallDelta[], delta: CallDelta): void {
  const last = calls.at(-1);
  if (last?.index !== delta.index) calls.push(delta);
  else calls[calls.length - 1] = { ...last, ...delta, arguments: last.arguments + delta.arguments };
}

const isSameList = (given: unknown, list: Fields[]) =>
  Array.isArray(given) && given.length === list.length && list.every((one, at) => one === given[at]);

const indexOf = (piece: Fields) => Number(piece['index'] ?? 0);

function isRegular({ index, delta }: Fields, { text, reasoning, calls }: Output): boolean {
  if (typeof index !== 'number' || !isRecord(delta) || delta['function_call']) return false;
  const given = readList(delta, 'tool_calls').filter((call) => !isRecord(readField(call, 'custom')));
  return (
    (delta['content'] ?? '') === text &&
    (reasoning === '' || delta['reasoning_content'] === reasoning) &&
    given.length === calls.length &&
    given.every((call, at) => isSameCall(call, calls[at]))
  );
}

function isSameCall(given: unknown, call: CallDelta | undefined): boolean {
  return (
    call !== undefined &&
    readField(given, 'index') === call.index &&
    (call.id === undefined || readField(given, 'id') === call.id) &&
    (call.name === undefined || readField(given, 'function', 'name') === call.name) &&
    (readField(given, 'function', 'arguments') ?? '') === call.arguments
  );
}

function fitDelta(delta: unknown, { text, reasoning, calls }: Output): Fields {
  const { content, tool_calls: _, function_call: __, ...rest } = isRecord(delta) ? delta : ({} as Fields);
  const isEmpty = content === null || content === '';
  return {
    ...rest,
    ...(text !== '' ? { content: text } : isEmpty && { content }),
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(calls.length > 0 && { tool_calls: calls.map(toFragment) }),
  };
}

function toFragment({ index, id, name, arguments: pieces, extra_content: extra }: CallDelta): Fields {
  const state = readField(extra, 'openai');
  return {
    index,
    ...(id !== undefined && { id, type: 'function' }),
    function: { ...(name !== undefined && { name }), arguments: pieces },
    ...(isRecord(state) && state),
  };
}
