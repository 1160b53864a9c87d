import type { Delta, ExtraContent, ToolCall } from '../../shared/chat/chat.ts';
import type { JobEvent } from '../../shared/events/rules/event.ts';
import { readJson } from '../../shared/platform/json/read-json.ts';
import type { JobWatcher } from '../watch/job-watcher.ts';

type OutputData = {
  text?: string;
  choice?: number;
  index?: number;
  id?: string;
  name?: string;
  custom?: true;
  arguments?: string;
  thinking?: unknown[];
  extra_content?: ExtraContent;
  choices?: SnapshotChoice[];
};

type SnapshotChoice = { choice: number; text: string; tool_calls?: ToolCall[] };

/** An event of a provider's own, in the dialect of the client. */
export type PassedPiece = { kind: 'passed'; event: Record<string, unknown> };

/** Output that its reader cannot be sent, because what it was sent before is not how it begins. */
export class OutputTakenBack extends Error {}

/**
 * Shows the output of a job as it comes, until the job ends or the signal aborts. Reads as one text: a new
 * attempt that starts anew is not sent as long as nothing of the old one was; when something was, it cannot
 * be taken back and this rejects. What was thought is no part of that text: that of a new attempt follows.
 */
export async function followCall(
  watcher: JobWatcher,
  { jobId, signal, passes }: { jobId: string; signal: AbortSignal; passes: boolean },
  show: (pieces: (Delta | PassedPiece)[]) => Promise<void>,
): Promise<void> {
  const sent = new Map<number, string>();
  let sentMore = false;
  const isUnsent = () => sent.size === 0 && !sentMore;

  function piecesOf(event: JobEvent): (Delta | PassedPiece)[] {
    if (event.type === 'output.reset' && !isUnsent()) throw new OutputTakenBack('the answer began anew');
    if (passes) return passedOf(event);
    const piece = toDelta(event);
    if (piece !== null) return [remember(piece)];
    if (event.type !== 'output.snapshot') return [];
    return restOf((readJson(event.data) as OutputData).choices ?? []);
  }

  function remember(piece: Delta): Delta {
    if (piece.kind === 'text') sent.set(piece.choice, (sent.get(piece.choice) ?? '') + piece.text);
    if (piece.kind === 'tool_call') sentMore = true;
    return piece;
  }

  function passedOf({ type, data }: JobEvent): PassedPiece[] {
    // In place of events that are lost: what was sent cannot be gone on from, and what was not is at the end.
    if (type === 'output.snapshot' && sentMore) throw new OutputTakenBack('the rest of the events is lost');
    if (type !== 'output.passed') return [];
    sentMore = true;
    return passedEvents(data).map((event) => ({ kind: 'passed', event }));
  }

  function restOf(choices: SnapshotChoice[]): Delta[] {
    const hadCalls = sentMore;
    return choices.flatMap(({ choice, text, tool_calls: calls = [] }) => {
      const before = sent.get(choice) ?? '';
      if (!text.startsWith(before)) throw new OutputTakenBack('the answer is another');
      // Of a call that was begun nobody knows how much was sent.
      if (calls.length > 0 && hadCalls) throw new OutputTakenBack('the rest of its calls is lost');
      const rest = text.slice(before.length);
      const pieces: Delta[] = rest === '' ? [] : [{ kind: 'text', choice, text: rest }];
      return [...pieces, ...calls.map((call, index) => wholeCall(choice, index, call))].map(remember);
    });
  }

  const take = async (events: JobEvent[]) => {
    const pieces = events.flatMap(piecesOf);
    if (pieces.length > 0) await show(pieces);
  };
  await watcher.watch({ jobId, after: 0, signal }, { take });
}

function wholeCall(choice: number, index: number, { id, function: called, ...more }: ToolCall): Delta {
  const { custom, extra_content } = more;
  return {
    kind: 'tool_call',
    choice,
    index,
    id,
    name: called.name,
    arguments: called.arguments,
    ...(custom === undefined ? {} : { custom }),
    ...(extra_content === undefined ? {} : { extra_content }),
  };
}

/** The provider's own events in the data of an `output.passed`. */
export function passedEvents(data: string): Record<string, unknown>[] {
  return (readJson(data) as { events: Record<string, unknown>[] }).events;
}

/** What an event says of the output; null when it says nothing of it. */
export function toDelta({ type, data }: JobEvent): Delta | null {
  if (type === 'output.tool_call') return toCallDelta(readJson(data) as OutputData);
  if (type !== 'output.delta' && type !== 'output.reasoning') return null;
  const output = readJson(data) as OutputData;
  const kind = type === 'output.delta' ? 'text' : 'reasoning';
  return { kind, choice: output.choice ?? 0, text: output.text ?? '', ...ownOf(output) };
}

/** What is the provider's own of a piece. */
function ownOf({ thinking }: OutputData): Pick<Delta, 'thinking'> {
  return thinking === undefined ? {} : { thinking };
}

function toCallDelta(output: OutputData): Delta {
  const { choice = 0, index = 0, id, name, custom, arguments: pieces = '', extra_content } = output;
  return {
    ...ownOf(output),
    kind: 'tool_call',
    choice,
    index,
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(custom === undefined ? {} : { custom }),
    ...(extra_content === undefined ? {} : { extra_content }),
    arguments: pieces,
  };
}
