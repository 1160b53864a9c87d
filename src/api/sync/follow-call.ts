import type { Delta, ExtraContent } from '../../shared/domain/chat.ts';
import type { JobEvent } from '../../shared/domain/event.ts';
import type { JobWatcher } from '../../shared/watch/job-watcher.ts';

type Said = {
  text?: string;
  choice?: number;
  index?: number;
  id?: string;
  name?: string;
  arguments?: string;
  thinking?: unknown[];
  extra_content?: ExtraContent;
  choices?: { choice: number; text: string }[];
};

/** Output that its reader cannot be told, because what it was told before is not how it begins. */
export class OutputTakenBack extends Error {}

/**
 * The output of a job as it comes, until the job ends or the signal aborts. Reads as one text: a new attempt that starts anew is
 * not told as long as nothing of the old one was; when something was, it cannot be taken back and this throws.
 */
export async function* followCall(
  watcher: JobWatcher,
  jobId: string,
  signal: AbortSignal,
): AsyncGenerator<Delta> {
  const told = new Map<number, string>();
  let toldCalls = false;
  const isUntold = () => told.size === 0 && !toldCalls;

  function* tell(event: JobEvent): Generator<Delta> {
    const said = JSON.parse(event.data) as Said;
    if (event.type === 'output.delta')
      yield { ...tellText(said.choice ?? 0, said.text ?? ''), ...ownOf(said) };
    if (event.type === 'output.tool_call') {
      toldCalls = true;
      yield toCallDelta(said);
    }
    if (event.type === 'output.reset' && !isUntold()) throw new OutputTakenBack('the answer began anew');
    if (event.type === 'output.snapshot') yield* tellRest(said.choices ?? []);
  }

  function tellText(choice: number, text: string): Delta {
    told.set(choice, (told.get(choice) ?? '') + text);
    return { kind: 'text', choice, text };
  }

  function* tellRest(choices: { choice: number; text: string }[]): Generator<Delta> {
    for (const { choice, text } of choices) {
      const before = told.get(choice) ?? '';
      if (!text.startsWith(before)) throw new OutputTakenBack('the answer is another');
      if (text.length > before.length) yield tellText(choice, text.slice(before.length));
    }
  }

  for await (const { events } of watcher.watch({ jobId, after: 0, signal })) {
    for (const event of events) yield* tell(event);
  }
}

/** What an event says of the output; null when it says nothing of it. */
export function toDelta({ type, data }: JobEvent): Delta | null {
  if (type === 'output.tool_call') return toCallDelta(JSON.parse(data) as Said);
  if (type !== 'output.delta') return null;
  const said = JSON.parse(data) as Said;
  return { kind: 'text', choice: said.choice ?? 0, text: said.text ?? '', ...ownOf(said) };
}

/** What is the provider's own of a piece. */
function ownOf({ thinking }: Said): Pick<Delta, 'thinking'> {
  return thinking === undefined ? {} : { thinking };
}

function toCallDelta(said: Said): Delta {
  const { choice = 0, index = 0, id, name, arguments: pieces = '', extra_content } = said;
  return {
    ...ownOf(said),
    kind: 'tool_call',
    choice,
    index,
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(extra_content === undefined ? {} : { extra_content }),
    arguments: pieces,
  };
}
