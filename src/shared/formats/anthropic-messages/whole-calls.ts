import type { Delta } from '../../chat/chat.ts';
import { isWholeArguments } from '../../chat/whole-arguments.ts';

type CallDelta = Extract<Delta, { kind: 'tool_call' }>;

/**
 * Gives deltas on so that a call is whole before anything else begins: a message of Anthropic's has one open
 * block at a time, while other providers may write several calls side by side. What has to wait is held back
 * until the call before it has its arguments, or the answer ends.
 */
export function createWholeCalls() {
  let open: { index: number; text: string } | null = null;
  const ended = new Set<number>();
  let waiting: Delta[] = [];

  function take(delta: Delta): Delta[] {
    const call = delta.kind === 'tool_call' ? delta : null;
    if (call !== null && call.index === open?.index) return goOn(call);
    // White space after arguments that are whole.
    if (call !== null && ended.has(call.index)) return [];
    // While something waits, the open call has not gone on: it is no more whole than before.
    if (open !== null && (waiting.length > 0 || !isWholeArguments(open.text))) {
      waiting.push(delta);
      return [];
    }
    end();
    if (call !== null) open = { index: call.index, text: call.arguments };
    return [delta];
  }

  function goOn(delta: CallDelta): Delta[] {
    if (open !== null) open.text += delta.arguments;
    if (waiting.length === 0 || open === null || !isWholeArguments(open.text)) return [delta];
    return [delta, ...release()];
  }

  function release(): Delta[] {
    const held = waiting;
    waiting = [];
    end();
    return held.flatMap(take);
  }

  function end(): void {
    if (open !== null) ended.add(open.index);
    open = null;
  }

  return {
    take,
    /** What waits yet: of an answer that was cut off, or a call without arguments. */
    rest(): Delta[] {
      const all: Delta[] = [];
      while (waiting.length > 0) all.push(...release());
      return all;
    },
  };
}
