import { z } from 'zod';
import { listJobsOfAll, type OperatorJob } from '../../../shared/accounts/sql/operations.ts';
import { formatUsd } from '../../../shared/money/rules/money.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { cursorOf, pageOf, pageQuery, toPage } from '../../http/pages.ts';
import { component } from '../../openapi/components.ts';

const queued = ['waiting', 'ticketed'];
const statuses = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired']);

const operatorJob = component(
  'OperatorJob',
  z.object({
    id: z.string(),
    object: z.literal('job'),
    account_id: z.string(),
    batch_id: z.string().nullable(),
    status: z.string(),
    model: z.string(),
    provider: z.string(),
    answered_model: z.string().nullable(),
    created_at: z.string(),
    started_at: z.string().nullable(),
    finished_at: z.string().nullable(),
    attempts: z.number().int(),
    hold_usd: z.string(),
    charge_usd: z.string().nullable(),
  }),
);

/** `GET /v1/admin/jobs`: jobs of all accounts, newest first, without prompts, results and metadata. */
export function listJobsOfAllAccountsRoute(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/admin/jobs',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'listJobsOfAllAccounts',
        tags: ['operator'],
        summary: 'Jobs of all accounts, without their texts',
        querystring: z.strictObject({
          ...pageQuery,
          after: cursorOf('job'),
          status: statuses.optional(),
          account_id: z.string().optional(),
        }),
        response: { 200: component('OperatorJobList', pageOf(operatorJob)) },
      },
    },
    async (request) => {
      const { limit, after, status, account_id: accountId } = request.query;
      const states = status === undefined ? null : toStates(status);
      const jobs = await listJobsOfAll(deps.sql, { states, accountId, after, limit });
      return toPage(jobs.map(toJob), limit);
    },
  );
}

function toStates(status: string): string[] {
  return status === 'queued' ? queued : [status];
}

function toJob(job: OperatorJob): z.output<typeof operatorJob> {
  return {
    id: job.id,
    object: 'job',
    account_id: job.accountId,
    batch_id: job.batchId,
    status: queued.includes(job.state) ? 'queued' : job.state,
    model: job.model,
    provider: job.provider,
    answered_model: job.answeredModel,
    created_at: job.createdAt.toISOString(),
    started_at: job.startedAt?.toISOString() ?? null,
    finished_at: job.finishedAt?.toISOString() ?? null,
    attempts: job.attempts,
    hold_usd: formatUsd(job.holdNano),
    charge_usd: job.chargeNano === null ? null : formatUsd(job.chargeNano),
  };
}
