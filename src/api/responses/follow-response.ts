import type { JobEvent } from '../../shared/events/rules/event.ts';
import type { ResponseEvent } from '../../shared/formats/openai-responses/open-items.ts';
import { createResponseEvents } from '../../shared/formats/openai-responses/response-events.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { passedEvents, toDelta } from '../sync/follow-call.ts';
import type { JobWatcher } from '../watch/job-watcher.ts';
import { readResponse, type StoredResponse } from './stored-response.ts';

/**
 * Tells every event of a stored response from the first on, until its last or the signal. The numbers are the
 * same for everybody and at any time, unless the log of the output was lost with Redis: then there are fewer,
 * and the text comes in one piece.
 */
export async function followResponse(
  deps: { sql: Database; watcher: JobWatcher },
  { job, facts }: StoredResponse,
  signal: AbortSignal,
  send: (events: ResponseEvent[]) => Promise<void>,
): Promise<void> {
  const events = createResponseEvents(facts);
  let isStarted = false;
  const start = () => {
    const first = isStarted ? [] : events.started();
    isStarted = true;
    return first;
  };
  await send(events.created());
  // Who waits for the answer sees at once that it is worked on.
  if (facts.body.background !== true) await send(start());

  async function eventsOf(event: JobEvent): Promise<ResponseEvent[]> {
    const delta = toDelta(event);
    if (delta !== null) return [...start(), ...events.delta(delta)];
    switch (event.type) {
      case 'output.passed':
        return [...start(), ...passedEvents(event.data).flatMap((one) => events.passed(one))];
      case 'job.started':
        return start();
      case 'output.reset':
        return events.takeBack();
      // What a snapshot has, the result has at the end.
      case 'job.queued':
      case 'output.snapshot':
        return [];
      default:
        return [...start(), ...(await lastEvents())];
    }
  }

  async function lastEvents(): Promise<ResponseEvent[]> {
    const ended = await readResponse(deps.sql, job.accountId, facts.id);
    const { completion } = ended.facts;
    if (ended.job.state === 'succeeded' && completion !== null) {
      return events.completed(completion, ended.job.finishedAt ?? ended.job.createdAt);
    }
    return events.ended(ended.facts);
  }

  const take = async (happened: JobEvent[]) => {
    for (const event of happened) {
      const frames = await eventsOf(event);
      if (frames.length > 0) await send(frames);
    }
  };
  await deps.watcher.watch({ jobId: job.id, after: 0, signal }, { take });
}
