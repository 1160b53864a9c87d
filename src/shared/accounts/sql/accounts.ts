import type { NanoUsd } from '../../money/rules/money.ts';
import { openBalances } from '../../money/sql/balances.ts';
import type { OwnLimits, QuotaName } from '../../platform/config/quotas.ts';
import { asJson, type Database, type Sql } from '../../platform/postgres/database.ts';

/** What requests of an account are checked against. Null limits are the installation's defaults. */
export type AccountSettings = {
  id: string;
  paused: boolean;
  requestsPerMinute: number | null;
  maxQueueDepth: number | null;
  defaultMaxOutputTokens: number | null;
  /** Those of the account's own; see platform/config/quotas.ts. */
  limits: OwnLimits;
};

/** An account with its settings and its two balances. */
export type Account = AccountSettings & {
  name: string;
  createdAt: Date;
  weight: number;
  maxConcurrency: number | null;
  availableNano: NanoUsd;
  heldNano: NanoUsd;
};

/** Settings the operator may change; undefined leaves a setting as it is, null takes a limit away. */
export type AccountChanges = {
  name?: string | undefined;
  paused?: boolean | undefined;
  weight?: number | undefined;
  maxConcurrency?: number | null | undefined;
  maxQueueDepth?: number | null | undefined;
  requestsPerMinute?: number | null | undefined;
  defaultMaxOutputTokens?: number | null | undefined;
  /** Quotas by name; null is the installation's default again. */
  limits?: { [name in QuotaName]?: number | null | undefined } | undefined;
};

/** Creates an account with zero balance; false when there is one with this id. */
export async function insertAccount(sql: Sql, account: { id: string; name: string }): Promise<boolean> {
  const rows = await sql`
    with created as (
      insert into accounts (id, name) values (${account.id}, ${account.name})
      on conflict do nothing
      returning id
    )
    ${openBalances(sql, sql`created`)}
    returning account_id`;
  return rows.length === 1;
}

/**
 * The settings that every request needs, of each of these accounts in their order; null where there is none.
 */
export async function findAccountSettings(sql: Database, ids: string[]): Promise<(AccountSettings | null)[]> {
  const rows = await sql<AccountSettings[]>`
    select id, paused, requests_per_minute as "requestsPerMinute", max_queue_depth as "maxQueueDepth",
      default_max_output_tokens as "defaultMaxOutputTokens", limits
    from accounts where id = any(${ids}::text[])`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** The columns of an Account, for `from accounts a join balances b on b.account_id = a.id`. */
const accountColumns = (sql: Sql) => sql`
  a.id, a.name, a.created_at as "createdAt", a.paused, a.weight, a.max_concurrency as "maxConcurrency",
  a.max_queue_depth as "maxQueueDepth", a.requests_per_minute as "requestsPerMinute",
  a.default_max_output_tokens as "defaultMaxOutputTokens", a.limits, b.available_nano as "availableNano",
  b.held_nano as "heldNano"`;

/** One account with its balances, or null. */
export async function findAccount(sql: Sql, id: string): Promise<Account | null> {
  const [row] = await sql<Account[]>`
    select ${accountColumns(sql)} from accounts a join balances b on b.account_id = a.id where a.id = ${id}`;
  return row ?? null;
}

/** Accounts, newest first, one more than `limit` so that the caller sees whether there are more. */
export async function listAccounts(
  sql: Database,
  page: { after: string | undefined; limit: number },
): Promise<Account[]> {
  const { after = null } = page;
  return await sql<Account[]>`
    select ${accountColumns(sql)}
    from accounts a join balances b on b.account_id = a.id
    where ${after}::text is null
      or (a.created_at, a.id) < (select x.created_at, x.id from accounts x where x.id = ${after})
    order by a.created_at desc, a.id desc
    limit ${page.limit + 1}`;
}

/** Changes settings; false when there is no such account. */
export async function updateAccount(sql: Database, id: string, changes: AccountChanges): Promise<boolean> {
  const columns = {
    name: changes.name,
    paused: changes.paused,
    weight: changes.weight,
    max_concurrency: changes.maxConcurrency,
    max_queue_depth: changes.maxQueueDepth,
    requests_per_minute: changes.requestsPerMinute,
    default_max_output_tokens: changes.defaultMaxOutputTokens,
  };
  const limits = asJson(changes.limits ?? {});
  // What is not given is not in the JSON, and stays as it is in the record.
  const rows = await sql`
    update accounts a
    set (
      name, paused, weight, max_concurrency, max_queue_depth, requests_per_minute, default_max_output_tokens,
      limits
    ) = (
      select n.name, n.paused, n.weight, n.max_concurrency, n.max_queue_depth, n.requests_per_minute,
        n.default_max_output_tokens, jsonb_strip_nulls(a.limits || ${limits}::jsonb)
      from jsonb_populate_record(a, ${asJson(columns)}::jsonb) n
    )
    where a.id = ${id}
    returning a.id`;
  return rows.length === 1;
}
