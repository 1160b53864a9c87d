import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { invalid, notFound } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { SecretsKey } from '../../../shared/platform/seal.ts';
import type { ApiKeys } from '../../auth/api-keys.ts';
import type { StreamTokens } from '../../auth/stream-token.ts';
import type { App } from '../../http/app.ts';
import { accountOf, type Caller } from '../../http/caller.ts';
import { readerOn, toFrame } from '../../http/event-frames.ts';
import type { EventStream } from '../../http/event-stream.ts';
import type { EventStreams } from '../../http/event-streams.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams } from '../../http/schemas.ts';
import { eventStream, media } from '../../openapi/components.ts';
import { streamTokenSchema } from '../../openapi/schemas/job.ts';
import type { JobWatcher } from '../../watch/job-watcher.ts';

export type StreamJobDeps = {
  watcher: JobWatcher;
  streams: EventStreams;
  streamTokens: StreamTokens;
  apiKeys: Pick<ApiKeys, 'isAlive'>;
};

const eventId = z.string().regex(/^\d{1,15}$/, { error: 'must be the id of an event, a whole number' });

/** An empty one is none. */
const lastEventId = z.string().regex(/^(\d{1,15})?$/);
const readerHeaders = z.object({
  'last-event-id': lastEventId.optional().describe('Goes before `starting_after`'),
});

/**
 * `GET /v1/jobs/{id}/events`: the events of a job as server-sent events, from `Last-Event-ID` (or
 * `starting_after`) on, whether it waits, runs or ended long ago. 204 when the caller has had the last one,
 * which tells an EventSource to stop.
 */
export function streamJobRoute(app: App, deps: StreamJobDeps): void {
  app.get(
    '/v1/jobs/:id/events',
    {
      exposeHeadRoute: false,
      config: { scope: 'read', headers: readerHeaders, identify: (request) => holderOfToken(deps, request) },
      schema: {
        operationId: 'streamJob',
        response: { 200: media({ 'text/event-stream': eventStream }), 204: media({}) },
        tags: ['jobs'],
        summary: 'Watch a job (server-sent events)',
        params: idParams,
        querystring: z.strictObject({
          starting_after: eventId.optional(),
          token: z.string().max(2048).optional().describe('From POST /v1/jobs/{id}/stream_token'),
        }),
      },
    },
    async (request, reply) => {
      const accountId = accountOf(request);
      const job = await deps.watcher.find(request.params.id);
      if (job === null || job.accountId !== accountId) throw notFound('job');
      // A browser that reconnects repeats the URL; what it has really seen is in the header.
      const after = Number(readLastEventId(request) ?? request.query.starting_after ?? 0);
      if (await deps.watcher.isOver(job, after)) return reply.code(204).send();
      const stream = deps.streams.open(reply, { sendsRetryField: true });
      const { log, params } = request;
      void show(deps.watcher, stream, { jobId: params.id, after }).catch((error: unknown) => {
        log.error({ error, job_id: params.id }, 'an event stream failed');
        stream.end();
      });
      return reply;
    },
  );
}

async function show(
  watcher: JobWatcher,
  stream: EventStream,
  from: { jobId: string; after: number },
): Promise<void> {
  const reader = readerOn(stream, (event) => toFrame(event));
  await watcher.watch({ ...from, signal: stream.signal }, reader);
  stream.end();
}

function readLastEventId(request: FastifyRequest): string | null {
  const header = request.headers['last-event-id'];
  if (header === undefined || header === '') return null;
  const parsed = eventId.safeParse(header);
  if (parsed.success) return parsed.data;
  throw invalid([
    { param: 'Last-Event-ID', message: 'must be the id of an event of this job, a whole number' },
  ]);
}

/** A token is good as long as the key that it was made with. */
async function holderOfToken(
  deps: Pick<StreamJobDeps, 'streamTokens' | 'apiKeys'>,
  request: FastifyRequest,
): Promise<Caller | null> {
  const { token } = request.query as { token?: unknown };
  const { id } = request.params as { id: string };
  if (typeof token !== 'string') return null;
  const grant = deps.streamTokens.check(token, id);
  if (grant === null) return null;
  if (grant.keyId !== null && !(await deps.apiKeys.isAlive(grant.keyId))) return null;
  return { ...grant, scopes: new Set(['read']) };
}

/**
 * `POST /v1/jobs/{id}/stream_token`: lets a browser watch this one job for the next five minutes, and no
 * longer than the caller's key works.
 */
export function createStreamTokenRoute(
  app: App,
  deps: {
    sql: Database;
    config: { secretsKey: SecretsKey; http: { publicUrl: string | null } };
    watcher: Pick<JobWatcher, 'find'>;
    streamTokens: StreamTokens;
  },
): void {
  app.post(
    '/v1/jobs/:id/stream_token',
    {
      config: { scope: 'jobs' },
      schema: {
        operationId: 'createStreamToken',
        tags: ['jobs'],
        summary: 'Make a token for EventSource, valid for five minutes and this job',
        params: idParams,
        response: { 200: streamTokenSchema },
      },
    },
    async (request, reply) => {
      const accountId = accountOf(request);
      const job = await deps.watcher.find(request.params.id);
      if (job === null || job.accountId !== accountId) throw notFound('job');
      const { keyId, until } = request.caller;
      reply.header('cache-control', 'no-store');
      const work = async () => {
        const { token, expiresAt } = deps.streamTokens.issue({ jobId: job.id, accountId, keyId, until });
        const path = `/v1/jobs/${job.id}/events?token=${token}`;
        const url = `${deps.config.http.publicUrl ?? ''}${path}`;
        return { status: 200, body: { token, expires_at: expiresAt.toISOString(), url } };
      };
      return await idempotent(request, reply, deps, work, { sealWith: deps.config.secretsKey });
    },
  );
}
