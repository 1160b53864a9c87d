import type { Delta, PassedEvent } from '../chat/chat.ts';
import { writeJson } from '../platform/json/verbatim.ts';
import { createDeltaCoalescer } from './coalesce-deltas.ts';
import type { Outgoing } from './event-sender.ts';

/** What an attempt produced and is not written yet, in the order in which it is to be written. */
export function createDeltaBuffer(attempt: number) {
  const coalescer = createDeltaCoalescer(attempt);
  let passed: unknown[] = [];
  let characters = 0;

  function takePassed(): Outgoing[] {
    if (passed.length === 0) return [];
    const events = passed;
    passed = [];
    return [{ type: 'output.passed', fields: writeJson({ attempt, events }) }];
  }

  return {
    addDelta: (delta: Delta): void => {
      coalescer.add(delta);
      characters += delta.kind === 'tool_call' ? delta.arguments.length : delta.text.length;
    },
    addPassed: ({ event }: PassedEvent): void => {
      passed.push(event);
    },
    isEmpty: () => coalescer.isEmpty() && passed.length === 0,
    /** About how much waits: what goes through says the same as the deltas beside it. */
    characters: () => characters,
    take: (): Outgoing[] => {
      characters = 0;
      // First what goes through: its readers know by it that the deltas say the same.
      return [...takePassed(), ...coalescer.take()];
    },
  };
}
