import type { Delta, ExtraContent } from '../../shared/chat/chat.ts';
import type { JobEvent } from '../../shared/events/rules/event.ts';
import { readJson } from '../../shared/platform/json/read-json.ts';
import type { JobWatcher } from '../watch/job-watcher.ts';

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
 * Tells the output of a job as it comes, until the job ends or the signal aborts. Reads as one text: a new
 * attempt that starts anew is not told as long as nothing of the old one was; when something was, it cannot
 * be taken back and this rejects.
 */
export async function followCall(
  watcher: JobWatcher,
  { jobId, signal }: { jobId: string; signal: AbortSignal },
  tell: (piece: Delta) => Promise<void>,
): Promise<void> {
  const told = new Map<number, string>();
  let reportedCalls = false;
  const isUntold = () => told.size === 0 && !reportedCalls;

  function piecesOf(event: JobEvent): Delta[] {
    const piece = toDelta(event);
    if (piece !== null) return [remember(piece)];
    if (event.type === 'output.reset' && !isUntold()) throw new OutputTakenBack('the answer began anew');
    if (event.type !== 'output.snapshot') return [];
    return restOf((readJson(event.data) as Said).choices ?? []);
  }

  function remember(piece: Delta): Delta {
    if (piece.kind === 'text') told.set(piece.choice, (told.get(piece.choice) ?? '') + piece.text);
    else reportedCalls = true;
    return piece;
  }

  function restOf(choices: { choice: number; text: string }[]): Delta[] {
    return choices.flatMap(({ choice, text }) => {
      const before = told.get(choice) ?? '';
      if (!text.startsWith(before)) throw new OutputTakenBack('the answer is another');
      const rest = text.slice(before.length);
      return rest === '' ? [] : [remember({ kind: 'text', choice, text: rest })];
    });
  }

  const take = async (events: JobEvent[]) => {
    for (const event of events) for (const piece of piecesOf(event)) await tell(piece);
  };
  await watcher.watch({ jobId, after: 0, signal }, { take });
}

/** What an event says of the output; null when it says nothing of it. */
export function toDelta({ type, data }: JobEvent): Delta | null {
  if (type === 'output.tool_call') return toCallDelta(readJson(data) as Said);
  if (type !== 'output.delta') return null;
  const said = readJson(data) as Said;
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
