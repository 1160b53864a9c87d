import type { Delta } from './chat.ts';

/** What is written of a job while it runs. `job.queued` and the final event are not: the job's row says both. */
export type LoggedEvent =
  | { type: 'job.started'; attempt: number; provider: string; model: string }
  | { type: 'output.delta'; attempt: number; choice: number; offset: number; text: string }
  | {
      type: 'output.tool_call';
      attempt: number;
      choice: number;
      index: number;
      id?: string;
      name?: string;
      arguments: string;
    }
  | { type: 'output.reset'; attempt: number; reason: string };

/** One event as a viewer gets it: its id, its name and its data. Ids count up from 1 without a gap. */
export type JobEvent = { seq: number; type: string; data: object };

/** Text and tool calls of one attempt that have not been written yet, at most one event per place. */
export type Pending = Map<string, Extract<LoggedEvent, { type: 'output.delta' | 'output.tool_call' }>>;

/**
 * Adds a delta to what is pending: text joins the text before it in the same choice, arguments join those of the same tool
 * call. `offsets` counts each choice's text so far, in UTF-16 units.
 */
export function addDelta(
  pending: Pending,
  delta: Delta,
  attempt: number,
  offsets: Map<number, number>,
): void {
  const place = delta.kind === 'text' ? `text ${delta.choice}` : `tool ${delta.choice} ${delta.index}`;
  const known = pending.get(place);
  if (delta.kind === 'text') {
    const offset = offsets.get(delta.choice) ?? 0;
    offsets.set(delta.choice, offset + delta.text.length);
    if (known?.type === 'output.delta') known.text += delta.text;
    else
      pending.set(place, { type: 'output.delta', attempt, choice: delta.choice, offset, text: delta.text });
    return;
  }
  if (known?.type === 'output.tool_call') {
    known.arguments += delta.arguments;
    return;
  }
  const { kind: _, ...call } = delta;
  pending.set(place, { type: 'output.tool_call', attempt, ...call });
}
