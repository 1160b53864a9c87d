import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ResponseEvent } from '../../shared/formats/openai-responses/open-items.ts';
import { toResponse } from '../../shared/formats/openai-responses/response-object.ts';
import { writeJson } from '../../shared/platform/json/verbatim.ts';
import type { Database } from '../../shared/platform/postgres/database.ts';
import { accountOf } from '../http/caller.ts';
import type { EventStream } from '../http/event-stream.ts';
import type { EventStreams } from '../http/event-streams.ts';
import type { JobWatcher } from '../watch/job-watcher.ts';
import { followResponse } from './follow-response.ts';
import { readResponse, type StoredResponse } from './stored-response.ts';

export type SendResponseDeps = { sql: Database; watcher: JobWatcher; streams: EventStreams };

/** `after` is the sequence number of the last event the reader has, -1 for none. */
type ResponseReading = { id: string; stream: boolean; after: number };

/** Answers with a stored response as it stands, or with its events. Throws a 404. */
export async function sendResponse(
  deps: SendResponseDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { id, stream, after }: ResponseReading,
): Promise<FastifyReply> {
  const stored = await readResponse(deps.sql, accountOf(request), id);
  if (!stream) return reply.send(toResponse(stored.facts));
  const opened = deps.streams.open(reply);
  void pump(deps, stored, opened, after)
    .catch((error: unknown) => {
      request.log.error({ error, job_id: stored.job.id }, 'the events of a response failed');
    })
    .finally(() => opened.end());
  return reply;
}

async function pump(
  deps: SendResponseDeps,
  stored: StoredResponse,
  stream: EventStream,
  after: number,
): Promise<void> {
  let last: ResponseEvent | undefined;
  await followResponse(deps, stored, stream.signal, async (events) => {
    const untold = events.filter(({ sequence_number }) => sequence_number > after);
    await stream.writePaced(() => toResponseFrames(untold));
    last = events.at(-1);
  });
  // A reader who has more events than there are now saw them before the log was lost: the last one has the
  // whole response.
  if (last !== undefined && last.sequence_number < after && !stream.signal.aborted) {
    stream.write(toResponseFrames([{ ...last, sequence_number: after + 1 }]));
  }
}

/** Server-sent events as OpenAI's SDK reads them. */
export function toResponseFrames(events: ResponseEvent[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${writeJson(event)}\n\n`).join('');
}
