import { z } from 'zod';
import { invalid, notFound } from '../../../shared/errors.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { readerOn, toFrame } from '../../http/event-frames.ts';
import type { EventStream } from '../../http/event-stream.ts';
import type { EventStreams } from '../../http/event-streams.ts';
import { documentedAs, eventStream, media } from '../../openapi/components.ts';
import type { JobWatcher } from '../../watch/job-watcher.ts';

export type StreamJobsDeps = { watcher: JobWatcher; streams: EventStreams };

/** More than this had better go to a webhook. */
const jobsMax = 50;

const jobIds = documentedAs(z.string(), {
  type: 'string',
  pattern: '^job_[0-9a-f]{32}(,job_[0-9a-f]{32}){0,49}$',
  description: `1 to ${jobsMax} different ids of jobs, separated by commas`,
})
  .transform((text) => text.split(','))
  .refine((ids) => ids.length <= jobsMax && new Set(ids).size === ids.length && !ids.includes(''), {
    error: `must be 1 to ${jobsMax} different ids of jobs, separated by commas`,
  });

const numbers = '\\d{1,15}(\\.\\d{1,15}){0,49}';
const description = 'The id of an event of this stream: as many numbers as there are jobs';
const positions = documentedAs(z.string().max(2000), {
  type: 'string',
  pattern: `^${numbers}$`,
  description,
});
/** An empty one is none. */
const lastEventId = documentedAs(z.string(), { type: 'string', pattern: `^(${numbers})?$`, description });
const readerHeaders = z.object({ 'last-event-id': lastEventId.optional() });

/**
 * `GET /v1/events?jobs=a,b`: the events of several jobs on one stream, each as on its own. An event's id says
 * how far every one of them is, in the order of `jobs` and separated by dots: a reader that repeats its URL
 * with its `Last-Event-ID` misses nothing. The stream ends after the last job; 204 when the reader has had
 * everything.
 */
export function streamJobsRoute(app: App, deps: StreamJobsDeps): void {
  const schema = {
    operationId: 'streamJobs',
    response: { 200: media({ 'text/event-stream': eventStream }), 204: media({}) },
    tags: ['jobs'],
    summary: 'Watch several jobs (server-sent events)',
    querystring: z.strictObject({ jobs: jobIds, starting_after: positions.optional() }),
  };
  const config = { scope: 'read' as const, refuses: [404], headers: readerHeaders };
  const options = { exposeHeadRoute: false, config, schema };
  app.get('/v1/events', options, async (request, reply) => {
    const accountId = accountOf(request);
    const { jobs: ids, starting_after: asked } = request.query;
    const header = request.headers['last-event-id'];
    const after =
      typeof header === 'string' && header !== ''
        ? readPositions('Last-Event-ID', header, ids.length)
        : readPositions('starting_after', asked, ids.length);
    const found = await Promise.all(ids.map((id) => deps.watcher.find(id)));
    const jobs = found.map((job) => {
      if (job === null || job.accountId !== accountId) throw notFound('job');
      return job;
    });
    const areOver = await Promise.all(jobs.map((job, index) => deps.watcher.isOver(job, after[index] ?? 0)));
    if (areOver.every(Boolean)) return reply.code(204).send();
    const stream = deps.streams.open(reply, { sendsRetryField: true });
    const shown = ids.flatMap((jobId, index) =>
      areOver[index] === true ? [] : [showOne(deps.watcher, stream, { jobId, index, positions: after })],
    );
    void Promise.all(shown)
      .catch((error: unknown) => request.log.error({ error }, 'a stream of several jobs failed'))
      .finally(() => stream.end());
    return reply;
  });
}

type Follower = { jobId: string; index: number; positions: number[] };

async function showOne(watcher: JobWatcher, stream: EventStream, follower: Follower): Promise<void> {
  const { jobId, index, positions } = follower;
  const reader = readerOn(stream, (event) => {
    positions[index] = event.id;
    return toFrame(event, positions.join('.'));
  });
  await watcher.watch({ jobId, after: positions[index] ?? 0, signal: stream.signal }, reader);
}

/** How far each of `count` jobs was seen, from an event's id; `param` is where it was given. */
function readPositions(param: string, text: string | undefined, count: number): number[] {
  if (text === undefined) return Array.from({ length: count }, () => 0);
  const positions = text.split('.').map(Number);
  if (/^\d{1,15}(?:\.\d{1,15})*$/.test(text) && positions.length === count) return positions;
  throw invalid([{ param, message: 'must be the id of an event of this stream, with the same jobs' }]);
}
