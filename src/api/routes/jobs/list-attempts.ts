import { z } from 'zod';
import { notFound } from '../../../shared/errors.ts';
import { toWireUsage } from '../../../shared/jobs/rules/job.ts';
import {
  type AttemptRow,
  findJobRecord,
  listAttempts as listStoredAttempts,
} from '../../../shared/jobs/sql/jobs.ts';
import { formatUsd } from '../../../shared/money/rules/money.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';

/** GET /v1/jobs/{id}/attempts: every provider call, in order. */
export function listAttempts(app: App, deps: { sql: Database }): void {
  const schema = { summary: 'List the provider calls of a job', params: z.object({ id: z.string() }) };
  app.get('/v1/jobs/:id/attempts', { config: { scope: 'read' }, schema }, async (request) => {
    const job = await findJobRecord(deps.sql, accountOf(request), request.params.id);
    if (job === null) throw notFound('job');
    const attempts = await listStoredAttempts(deps.sql, job.id);
    return { object: 'list', data: attempts.map(toWire), has_more: false, first_id: null, last_id: null };
  });
}

function toWire(row: AttemptRow) {
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
