import type { Delta } from '../chat/chat.ts';
import { writeJson } from '../platform/json/verbatim.ts';

type TextDelta = Extract<Delta, { kind: 'text' }>;
type Waiting = { type: string; fields: string };
type ReasoningDelta = Extract<Delta, { kind: 'reasoning' }>;
type ToolDelta = Extract<Delta, { kind: 'tool_call' }>;

/**
 * Joins deltas that wait to be sent: what was thought and text per choice, arguments per tool call. `take`
 * gives them as events and counts each choice's offsets in UTF-16 units.
 */
export function createDeltaCoalescer(attempt: number) {
  const thoughts = new Map<number, ReasoningDelta>();
  const texts = new Map<number, TextDelta>();
  const calls = new Map<string, ToolDelta>();
  const offsets = new Map<string, number>();
  let settled: Waiting[] = [];

  /**
   * What comes with thinking of its own begins an event of its own: the thinking is sent in its position.
   * What waits together is sent in this order: what was thought, text, calls. So none of them waits behind a
   * later one of its choice.
   */
  function add(delta: Delta): void {
    if (delta.thinking !== undefined || isBehind(delta)) settle();
    if (delta.kind === 'reasoning') {
      const before = thoughts.get(delta.choice)?.text ?? '';
      thoughts.set(delta.choice, { ...delta, text: before + delta.text });
      return;
    }
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

  function isBehind({ kind, choice }: Delta): boolean {
    if (kind === 'tool_call') return false;
    const isAfterCall = [...calls.values()].some((call) => call.choice === choice);
    return isAfterCall || (kind === 'reasoning' && texts.has(choice));
  }

  function toTextEvent({ kind, choice, text, ...more }: TextDelta | ReasoningDelta) {
    const key = `${kind}/${choice}`;
    const offset = offsets.get(key) ?? 0;
    offsets.set(key, offset + text.length);
    const type = kind === 'text' ? 'output.delta' : 'output.reasoning';
    return { type, fields: writeJson({ attempt, choice, offset, text, ...more }) };
  }

  function toToolEvent({ kind: _, ...call }: ToolDelta) {
    return { type: 'output.tool_call', fields: writeJson({ attempt, ...call }) };
  }

  function settle(): void {
    const written = [...thoughts.values(), ...texts.values()].map(toTextEvent);
    settled.push(...written, ...[...calls.values()].map(toToolEvent));
    thoughts.clear();
    texts.clear();
    calls.clear();
  }

  return {
    add,
    isEmpty: () => settled.length + thoughts.size + texts.size + calls.size === 0,
    take: () => {
      settle();
      const events = settled;
      settled = [];
      return events;
    },
  };
}
