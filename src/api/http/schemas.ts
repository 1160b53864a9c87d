import { z } from 'zod';
import { isAccountId } from '../../shared/accounts/rules/account-id.ts';
import type { Account } from '../../shared/accounts/sql/accounts.ts';
import type { ApiKeyRecord } from '../../shared/accounts/sql/api-keys.ts';
import { formatUsd, parseUsd } from '../../shared/money/rules/money.ts';
import type { Balance } from '../../shared/money/sql/balances.ts';
import type { Entry } from '../../shared/money/sql/entries.ts';
import { component, documentedAs } from '../openapi/components.ts';
import { pageOf } from './pages.ts';

/** An id in a path. Whatever it is, an unknown one is a 404, so nothing more is asked of it. */
export const idParams = z.object({ id: z.string() });

/** An amount from a client: a decimal string (or a JSON number) with at most nine places, as nano-USD. */
export const usdAmount = documentedAs(
  z.union([z.string(), z.number()], { error: 'must be a decimal string such as "12.50"' }),
  {
    type: 'string',
    pattern: '^-?\\d{1,9}(\\.\\d{1,9})?$',
    description: 'A decimal string (a JSON number is read too), with at most nine places',
  },
).transform((given, context) => {
  const amount = parseUsd(String(given));
  if (amount !== null) return amount;
  context.addIssue({
    code: 'custom',
    message: 'must be a decimal string such as "12.50", with at most nine places',
  });
  return z.NEVER;
});

/**
 * The id of an account, as the operator or an identity provider may choose it. In a path it is
 * percent-encoded.
 */
export const accountIdSchema = z.string().refine(isAccountId, {
  error: 'must be 1 to 255 characters, none of them a control character',
});

export const balanceSchema = component(
  'Balance',
  z.object({ available_usd: z.string(), held_usd: z.string(), total_usd: z.string() }),
);

/** The three amounts of a balance. */
export function toBalance({ availableNano, heldNano }: Balance) {
  return {
    available_usd: formatUsd(availableNano),
    held_usd: formatUsd(heldNano),
    total_usd: formatUsd(availableNano + heldNano),
  };
}

export const transactionSchema = component(
  'Transaction',
  z.object({
    id: z.string(),
    object: z.literal('transaction'),
    type: z.enum(['deposit', 'hold', 'release', 'charge', 'adjustment']),
    amount_usd: z.string().describe('The signed change of the available balance'),
    available_usd: z.string(),
    held_usd: z.string(),
    job_id: z.string().nullable(),
    batch_id: z.string().nullable(),
    description: z.string(),
    created_at: z.string(),
  }),
);

export const transactionListSchema = component('TransactionList', pageOf(transactionSchema));

/** A line of the statement. */
export function toTransaction(entry: Entry): z.output<typeof transactionSchema> {
  return {
    id: `txn_${entry.id}`,
    object: 'transaction',
    type: entry.type,
    amount_usd: formatUsd(entry.amountNano),
    available_usd: formatUsd(entry.availableNano),
    held_usd: formatUsd(entry.heldNano),
    job_id: entry.jobId,
    batch_id: entry.batchId,
    description: entry.description,
    created_at: entry.createdAt.toISOString(),
  };
}

export const apiKeySchema = component(
  'ApiKey',
  z.object({
    id: z.string(),
    object: z.literal('api_key'),
    account_id: z.string().nullable(),
    scopes: z.array(z.enum(['jobs', 'read', 'admin'])),
    created_at: z.string(),
    expires_at: z.string().nullable(),
  }),
);

export const apiKeyListSchema = component('ApiKeyList', pageOf(apiKeySchema));

/** A key as it may be looked at: without its secret. */
export function toApiKey(key: ApiKeyRecord): z.output<typeof apiKeySchema> {
  return {
    id: key.id,
    object: 'api_key',
    account_id: key.accountId,
    scopes: key.scopes,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
  };
}

export const accountSchema = component(
  'Account',
  z.object({
    id: z.string(),
    object: z.literal('account'),
    name: z.string(),
    created_at: z.string(),
    available_usd: z.string(),
    held_usd: z.string(),
    total_usd: z.string(),
    paused: z.boolean(),
    weight: z.number().int(),
    max_concurrency: z.number().int().nullable(),
    max_queue_depth: z.number().int().nullable(),
    requests_per_minute: z.number().int().nullable(),
    default_max_output_tokens: z.number().int().nullable(),
    limits: z.record(z.string(), z.number()).describe('Quotas of its own, by the names of GET /v1/limits'),
  }),
);

export const accountListSchema = component('AccountList', pageOf(accountSchema));

/** An account as the operator sees it. */
export function toAccount(account: Account): z.output<typeof accountSchema> {
  return {
    id: account.id,
    object: 'account',
    name: account.name,
    created_at: account.createdAt.toISOString(),
    ...toBalance(account),
    paused: account.paused,
    weight: account.weight,
    max_concurrency: account.maxConcurrency,
    max_queue_depth: account.maxQueueDepth,
    requests_per_minute: account.requestsPerMinute,
    default_max_output_tokens: account.defaultMaxOutputTokens,
    limits: account.limits,
  };
}

/** What is left of a deleted key or endpoint. */
export const deletedSchema = component(
  'Deleted',
  z.object({ id: z.string(), object: z.string(), deleted: z.literal(true) }),
);
