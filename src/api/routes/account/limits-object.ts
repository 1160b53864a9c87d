import { z } from 'zod';
import type { StoredUsage } from '../../../shared/accounts/sql/account-usage.ts';
import { batchLineBytesMax, batchLinesMax } from '../../../shared/formats/common/batch-limits.ts';
import type { Config } from '../../../shared/platform/config/config.ts';
import { quotas } from '../../../shared/platform/config/quotas.ts';
import { requestLimits } from '../../../shared/platform/json/measure-json.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { AccountCache, LimitedAccount } from '../../auth/account-cache.ts';
import type { UnderWay } from '../../http/under-way.ts';
import { component } from '../../openapi/components.ts';
import { bytesMax as conversationBytesMax, turnsMax } from '../../responses/earlier-turns.ts';
import { fileBytesMax } from '../files/receive-file.ts';

export type LimitDeps = {
  sql: Database;
  accounts: Pick<AccountCache, 'find'>;
  config: Pick<Config, 'http' | 'auth'>;
  eventStreams: Pick<UnderWay, 'used'>;
  waits: Pick<UnderWay, 'used'>;
  bodies: Pick<UnderWay, 'used'>;
};

const limitSchema = z.object({
  name: z.string().describe('As in the "quota" of the refusal of what passes it'),
  limit: z.number().int().nullable().describe('Null is none'),
  used: z.number().int().nullable().describe('Null where nothing is kept that could be counted'),
  unit: z.enum(['bytes', 'count']),
  scope: z
    .enum(['account', 'process', 'request'])
    .describe('Over the whole account, in each process of the gateway, or in one request'),
  status_code: z.number().int().describe('What more of it is refused with'),
  description: z.string(),
});

export const limitsSchema = component(
  'Limits',
  z.object({
    object: z.literal('limits'),
    account_id: z.string(),
    data: z.array(limitSchema),
  }),
);

type Limit = z.output<typeof limitSchema>;

/** Every limit that an account is held to: its quotas, then what one request may hold. */
export function toLimitsReply(
  deps: LimitDeps,
  account: LimitedAccount,
  usage: StoredUsage,
): z.output<typeof limitsSchema> {
  const used = {
    ...usage,
    event_streams: deps.eventStreams.used(account.id),
    waits: deps.waits.used(account.id),
    bodies: deps.bodies.used(account.id),
  };
  const own = quotas.map(({ name, unit, scope, status, what }): Limit => {
    const description = `How many ${what} it may have`;
    return {
      name,
      limit: account.limits[name],
      used: used[name],
      unit,
      scope,
      status_code: status,
      description,
    };
  });
  return {
    object: 'limits',
    account_id: account.id,
    data: [...own, ...perMinute(deps, account), ...ofRequests(deps)],
  };
}

/** What may be done in a minute; a setting of 0 is no limit. */
function perMinute({ config }: LimitDeps, { requestsPerMinute }: LimitedAccount): Limit[] {
  const inMinute = (name: string, limit: number, description: string): Limit => {
    const kind = { unit: 'count', scope: 'process', status_code: 429 } as const;
    return { name, limit: limit === 0 ? null : limit, used: null, ...kind, description };
  };
  const requests = requestsPerMinute ?? config.http.requestsPerMinute;
  const { accountsByToken } = config.auth;
  return [
    inMinute(
      'requests_per_minute',
      requests,
      'How many requests it may send in a minute; the headers of every answer say what is left',
    ),
    // Where tokens make none there is nothing to list.
    ...(accountsByToken === null
      ? []
      : [
          inMinute(
            'jwt_accounts',
            accountsByToken,
            'How many accounts tokens may make in a minute, of everybody',
          ),
        ]),
  ];
}

/** What one request may hold, the same for everybody. */
function ofRequests({ config }: LimitDeps): Limit[] {
  const ofRequest = (
    name: string,
    limit: number,
    unit: Limit['unit'],
    status_code: number,
    description: string,
  ): Limit => ({ name, limit, used: null, unit, scope: 'request', status_code, description });
  return [
    ofRequest('body_bytes', config.http.bodyLimitBytes, 'bytes', 413, 'How long a JSON body may be'),
    ofRequest('file_bytes', fileBytesMax, 'bytes', 413, 'How long a file may be'),
    ofRequest('batch_lines', batchLinesMax, 'count', 422, 'How many lines a batch may have'),
    ofRequest('batch_line_bytes', batchLineBytesMax, 'bytes', 422, 'How long a line of a batch may be'),
    ofRequest(
      'body_values',
      requestLimits.valuesMax,
      'count',
      413,
      'How many JSON values a body or a line may hold',
    ),
    ofRequest(
      'members',
      requestLimits.membersMax,
      'count',
      413,
      'How many of them one array or object may hold',
    ),
    ofRequest(
      'conversation_bytes',
      conversationBytesMax,
      'bytes',
      413,
      'How long what came before a response may be',
    ),
    ofRequest('conversation_turns', turnsMax, 'count', 404, 'How many responses may come before a response'),
  ];
}
