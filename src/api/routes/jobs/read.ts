import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { notFound } from '../../../shared/errors.ts';
import { isFinal } from '../../../shared/jobs/rules/job.ts';
import { toJobObject, toWireUsage } from '../../../shared/jobs/rules/job-object.ts';
import { type AttemptRow, listAttempts } from '../../../shared/jobs/sql/attempts.ts';
import { findJob, findJobRecord } from '../../../shared/jobs/sql/jobs.ts';
import { formatUsd } from '../../../shared/money/rules/money.ts';
import { writeJson } from '../../../shared/platform/json/verbatim.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import { findQueuePositions } from '../../../shared/queue/sql/queue-position.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { createSharedReads } from '../../http/shared-reads.ts';
import type { UnderWay } from '../../http/under-way.ts';
import { json } from '../../openapi/components.ts';
import { attemptListSchema, jobSchema } from '../../openapi/schemas/job.ts';
import type { FinalWatch } from '../../watch/final-watch.ts';

type GetJobDeps = { sql: Database; finals: FinalWatch; waits: UnderWay; closing: AbortSignal };

/**
 * GET /v1/jobs/{id}, with `?wait=30`: answers when the job ends, after that many seconds, or when the server
 * closes.
 */
export function getJobRoute(app: App, deps: GetJobDeps): void {
  const schema = {
    operationId: 'getJob',
    response: { 200: json(jobSchema) },
    tags: ['jobs'],
    summary: 'Read a job, now or when it ends',
    params: z.object({ id: z.string() }),
    querystring: z.strictObject({ wait: z.coerce.number().min(0).max(60).default(0) }),
  };
  const answers = createSharedReads<Buffer>();
  app.get('/v1/jobs/:id', { config: { scope: 'read' }, schema }, async (request, reply) => {
    const accountId = accountOf(request);
    const { id } = request.params;
    const waitMs = request.query.wait * 1000;
    if (waitMs > 0) await untilFinal(deps, request, { accountId, id, waitMs });
    // Who waited for the same job is answered at the same moment: with the same bytes, which may be many.
    const answer = await answers(`${accountId} ${id}`, () => readJob(deps.sql, accountId, id));
    return reply.type('application/json; charset=utf-8').send(answer);
  });
}

async function untilFinal(
  deps: GetJobDeps,
  request: FastifyRequest,
  { accountId, id, waitMs }: { accountId: string; id: string; waitMs: number },
): Promise<void> {
  const job = await findJobRecord(deps.sql, accountId, id);
  if (job === null) throw notFound('job');
  if (isFinal(job.state)) return;
  const leave = deps.waits.enter(request.account);
  try {
    await untilGone(request, deps.closing, (gone) => deps.finals.whenFinal(id, waitMs, gone));
  } finally {
    leave();
  }
}

/** The whole job as it is sent: its texts as they are stored. */
async function readJob(sql: Database, accountId: string, id: string): Promise<Buffer> {
  const stored = await findJob(sql, accountId, id);
  if (stored === null) throw notFound('job');
  const { job, request, result } = stored;
  const positions = isFinal(job.state) ? null : await findQueuePositions(sql, accountId, [id]);
  return Buffer.from(writeJson(toJobObject(job, { request, result }, positions?.get(id))));
}

/** Does work with a signal that aborts once the client has left or the server closes. */
async function untilGone<Value>(
  request: FastifyRequest,
  closing: AbortSignal,
  work: (gone: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  if (closing.aborted) leave();
  request.raw.on('close', leave);
  closing.addEventListener('abort', leave);
  try {
    return await work(gone.signal);
  } finally {
    closing.removeEventListener('abort', leave);
  }
}

/** GET /v1/jobs/{id}/attempts: every provider call, in order. */
export function listAttemptsRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'listAttempts',
    response: { 200: json(attemptListSchema) },
    tags: ['jobs'],
    summary: 'List the provider calls of a job',
    params: z.object({ id: z.string() }),
  };
  app.get('/v1/jobs/:id/attempts', { config: { scope: 'read' }, schema }, async (request) => {
    const job = await findJobRecord(deps.sql, accountOf(request), request.params.id);
    if (job === null) throw notFound('job');
    const attempts = await listAttempts(deps.sql, job.id);
    return { object: 'list', data: attempts.map(toAttempt), has_more: false, first_id: null, last_id: null };
  });
}

function toAttempt(row: AttemptRow) {
  return {
    attempt: row.attempt,
    provider: row.provider,
    model: row.model,
    started_at: row.started_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
    outcome: row.outcome,
    status: row.status,
    error: row.error,
    usage: row.usage === null ? null : toWireUsage(row.usage, false),
    service_tier: row.service_tier,
    cost_usd: row.cost_nano === null ? null : formatUsd(row.cost_nano),
  };
}
