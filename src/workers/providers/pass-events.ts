import type { Delta, Dialect } from '../../shared/chat/chat.ts';
import type { ProviderCall } from './provider.ts';
import { isRecord } from './read-field.ts';
import type { Translated } from './translated.ts';

/** How a call goes through in the client's own dialect; null where it does not. */
export type Passing = {
  dialect: Dialect;
  /** The whole answer, put together from the events of its stream. */
  createAssembly(): Assembly;
  /** An event as its client can read it, given what we read of it; null for one that is not passed on. */
  createFitter?(): (event: Fields, deltas: readonly Delta[]) => Fields | null;
};

export type Assembly = {
  add(event: unknown): void;
  body(): Fields | null;
  /** About how much of the answer is held in memory. */
  keptBytes(): number;
};

type Fields = Record<string, unknown>;

export type PassedEvents = {
  /** Given what is read of the event that comes next. */
  hear(delta: Delta): void;
  add(event: unknown): void;
  keptBytes(): number;
  whole(translated: Translated, body: unknown): Translated;
  /** The same of a stream, once it has ended. */
  streamed(translated: Translated): Translated;
};

/** Passes the events of a call on as they come, if it goes through, and gives the whole beside ours. */
export function passEvents(passing: Passing | null, call: ProviderCall): PassedEvents {
  return passing === null ? { ...nothingPassed, hear: call.onDelta } : passOn(passing, call);
}

const nothingPassed = {
  add: () => undefined,
  keptBytes: () => 0,
  whole: (translated: Translated) => translated,
  streamed: (translated: Translated) => translated,
};

function passOn(passing: Passing, call: ProviderCall): PassedEvents {
  const assembly = passing.createAssembly();
  const toReadable = passing.createFitter?.();
  /** What was read of the event that comes next. */
  let deltas: Delta[] = [];

  function add(event: unknown): void {
    const read = deltas;
    deltas = [];
    if (!isRecord(event)) return;
    const passed = toReadable === undefined ? event : toReadable(event, read);
    if (passed === null) return;
    assembly.add(passed);
    call.onPassed?.({ dialect: passing.dialect, event: passed });
  }

  return {
    hear(delta: Delta): void {
      if (toReadable !== undefined) deltas.push(delta);
      call.onDelta(delta);
    },
    add,
    keptBytes: assembly.keptBytes,
    whole: (translated, body) => withPassed(translated, passing, body),
    streamed(translated) {
      if (deltas.length > 0) add({});
      return withPassed(translated, passing, assembly.body());
    },
  };
}

/** The answer as the provider gave it travels beside ours. */
function withPassed(translated: Translated, passing: Passing, body: unknown): Translated {
  if (!isRecord(body)) return translated;
  const pass_through = { dialect: passing.dialect, body };
  return { ...translated, completion: { ...translated.completion, pass_through } };
}
