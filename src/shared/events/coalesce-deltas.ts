import type { Delta } from '../chat/chat.ts';
import { writeJson } from '../platform/json/verbatim.ts';

type TextDelta = Extract<Delta, { kind: 'text' }>;
type Waiting = { type: string; fields: string };
type ToolDelta = Extract<Delta, { kind: 'tool_call' }>;

/**
 * Joins deltas that wait to be sent: text per choice, arguments per tool call. `take` gives them as events
 * and counts each choice's offset in UTF-16 units.
 */
export function createDeltaCoalescer(attempt: number) {
  const texts = new Map<number, TextDelta>();
  const calls = new Map<string, ToolDelta>();
  const offsets = new Map<number, number>();
  let settled: Waiting[] = [];

  /** What comes with thinking of its own begins an event of its own: the thinking is sent in its position. */
  function add(delta: Delta): void {
    if (delta.kind === 'reasoning') return;
    if (delta.thinking !== undefined) settle();
    if (delta.kind === 'text') {
      const before = texts.get(delta.choice)?.text ?? '';
      texts.set(delta.choice, { ...delta, ...texts.get(delta.choice), text: before + delta.text });
      return;
    }
    const key = `${delta.choice}/${delta.index}`;
    const before = calls.get(key);
    const joined = (before?.arguments ?? '') + delta.arguments;
    calls.set(key, { ...delta, ...before, arguments: joined });
  }

  function toTextEvent({ kind: _, choice, text, ...more }: TextDelta) {
    const offset = offsets.get(choice) ?? 0;
    offsets.set(choice, offset + text.length);
    return { type: 'output.delta', fields: writeJson({ attempt, choice, offset, text, ...more }) };
  }

  function toToolEvent({ kind: _, ...call }: ToolDelta) {
    return { type: 'output.tool_call', fields: writeJson({ attempt, ...call }) };
  }

  function settle(): void {
    settled.push(...[...texts.values()].map(toTextEvent), ...[...calls.values()].map(toToolEvent));
    texts.clear();
    calls.clear();
  }

  return {
    add,
    isEmpty: () => settled.length === 0 && texts.size === 0 && calls.size === 0,
    take: () => {
      settle();
      const events = settled;
      settled = [];
      return events;
    },
  };
}
