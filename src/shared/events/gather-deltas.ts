import type { Delta } from '../domain/chat.ts';

type TextDelta = Extract<Delta, { kind: 'text' }>;
type ToolDelta = Extract<Delta, { kind: 'tool_call' }>;

/**
 * Joins deltas that wait to be sent: text per choice, arguments per tool call. `take` gives them as events and counts each
 * choice's offset in UTF-16 units.
 */
export function createDeltaGatherer(attempt: number) {
  const texts = new Map<number, TextDelta>();
  const calls = new Map<string, ToolDelta>();
  const offsets = new Map<number, number>();

  function add(delta: Delta): void {
    if (delta.kind === 'text') {
      const before = texts.get(delta.choice)?.text ?? '';
      texts.set(delta.choice, { ...delta, text: before + delta.text });
      return;
    }
    const key = `${delta.choice}/${delta.index}`;
    const before = calls.get(key);
    const joined = (before?.arguments ?? '') + delta.arguments;
    calls.set(key, { ...delta, ...before, arguments: joined });
  }

  function toTextEvent({ choice, text }: TextDelta) {
    const offset = offsets.get(choice) ?? 0;
    offsets.set(choice, offset + text.length);
    return { type: 'output.delta', fields: JSON.stringify({ attempt, choice, offset, text }) };
  }

  function toToolEvent({ kind: _, ...call }: ToolDelta) {
    return { type: 'output.tool_call', fields: JSON.stringify({ attempt, ...call }) };
  }

  return {
    add,
    isEmpty: () => texts.size === 0 && calls.size === 0,
    take: () => {
      const events = [...texts.values()].map(toTextEvent).concat([...calls.values()].map(toToolEvent));
      texts.clear();
      calls.clear();
      return events;
    },
  };
}
