import { z } from 'zod';
import { invalid } from '../../../shared/errors.ts';
import { instantOrDay } from '../../../shared/formats/common/instant.ts';
import { formatUsd } from '../../../shared/money/rules/money.ts';
import { listUsage, type UsageGroup, type UsageRow } from '../../../shared/money/sql/usage-report.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { pageOf } from '../../http/pages.ts';
import { component, documentedAs } from '../../openapi/components.ts';

const groupsMax = 10_000;
const dayMs = 24 * 3600 * 1000;

const usageRow = z.object({
  group: z.string().nullable(),
  jobs: z.number().int(),
  prompt_tokens: z.number().int(),
  completion_tokens: z.number().int(),
  charge_usd: z.string(),
});

/**
 * `GET /v1/usage`: what jobs that ended in a range of time used and cost, by day, model, provider or metadata
 * field.
 */
export function getUsageRoute(app: App, deps: { sql: Database }): void {
  app.get(
    '/v1/usage',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getUsage',
        tags: ['account'],
        summary: 'Jobs, tokens and charges by day, model, provider or metadata field',
        querystring: z.strictObject({
          from: instantOrDay.optional().describe('Included; 30 days before `to` when absent'),
          to: instantOrDay.optional().describe('Excluded; now when absent'),
          group_by: documentedAs(z.string(), {
            type: 'string',
            pattern: '^(day|model|provider|metadata\\..{1,64})$',
          })
            .default('day')
            .describe('day, model, provider or metadata.<field>'),
        }),
        response: {
          200: component('UsageReport', pageOf(usageRow)),
        },
      },
    },
    async (request) => {
      const group = readGroup(request.query.group_by);
      const to = request.query.to ?? new Date();
      const from = request.query.from ?? new Date(to.getTime() - 30 * dayMs);
      const query = { accountId: accountOf(request), from, to, group, limit: groupsMax };
      const rows = await listUsage(deps.sql, query);
      return {
        object: 'list' as const,
        data: rows.slice(0, groupsMax).map(toUsage),
        has_more: rows.length > groupsMax,
        // Groups are no objects with ids.
        first_id: null,
        last_id: null,
      };
    },
  );
}

function readGroup(text: string): UsageGroup {
  if (text === 'day' || text === 'model' || text === 'provider') return { by: text };
  if (/^metadata\..{1,64}$/u.test(text)) return { by: 'metadata', field: text.slice('metadata.'.length) };
  throw invalid([{ param: 'group_by', message: 'must be day, model, provider or metadata.<field>' }]);
}

function toUsage(row: UsageRow): z.output<typeof usageRow> {
  return {
    group: row.group,
    jobs: Number(row.jobs),
    prompt_tokens: Number(row.promptTokens),
    completion_tokens: Number(row.completionTokens),
    charge_usd: formatUsd(row.chargeNano),
  };
}
