import type { Database, Sql, Transaction } from '../../platform/postgres/database.ts';

/** A URL of an account that receives events. Its secrets are never part of this. */
export type WebhookEndpoint = {
  id: string;
  accountId: string;
  name: string;
  url: string;
  eventTypes: string[];
  state: 'enabled' | 'disabled';
  disabledReason: 'gone' | 'failing' | 'requested' | null;
  failingSince: Date | null;
  secretHint: string;
  createdAt: Date;
  updatedAt: Date | null;
};

const columns = (sql: Sql) => sql`
  e.id, e.account_id as "accountId", e.name, e.url, e.event_types as "eventTypes", e.state,
  e.disabled_reason as "disabledReason", e.failing_since as "failingSince", e.secret_hint as "secretHint",
  e.created_at as "createdAt", e.updated_at as "updatedAt"`;

export type NewEndpoint = Pick<
  WebhookEndpoint,
  'id' | 'accountId' | 'name' | 'url' | 'eventTypes' | 'secretHint'
> & { secret: Buffer };

/**
 * Stores a new endpoint; null when the account has `max` of them already. The account is locked before they
 * are counted, so that what another transaction adds is seen.
 */
export async function insertEndpoint(
  tx: Transaction,
  endpoint: NewEndpoint,
  max: number,
): Promise<WebhookEndpoint | null> {
  const { id, accountId, name, url, eventTypes, secret, secretHint } = endpoint;
  await tx`select 1 from accounts where id = ${accountId} for no key update`;
  const [row] = await tx<WebhookEndpoint[]>`
    insert into webhook_endpoints as e (id, account_id, name, url, event_types, secret, secret_hint)
    select ${id}, ${accountId}, ${name}, ${url}, ${eventTypes}::text[], ${secret}::bytea, ${secretHint}
    where (select count(*) from webhook_endpoints where account_id = ${accountId}
      and state <> 'deleted') < ${max}
    returning ${columns(tx)}`;
  return row ?? null;
}

/** Endpoints of one account, newest first, one more than `limit`. */
export async function listEndpoints(
  sql: Database,
  page: { accountId: string; after: string | null; limit: number },
): Promise<WebhookEndpoint[]> {
  return await sql<WebhookEndpoint[]>`
    select ${columns(sql)} from webhook_endpoints e
    where account_id = ${page.accountId} and state <> 'deleted'
      and (${page.after}::text is null or id < ${page.after})
    order by id desc
    limit ${page.limit + 1}`;
}

/** One endpoint of one account, or null. */
export async function findEndpoint(sql: Sql, accountId: string, id: string): Promise<WebhookEndpoint | null> {
  const [row] = await sql<WebhookEndpoint[]>`
    select ${columns(sql)} from webhook_endpoints e
    where id = ${id} and account_id = ${accountId} and state <> 'deleted'`;
  return row ?? null;
}

/** The sealed secrets an endpoint signs with now, the newest first; empty when there is no such endpoint. */
export async function findEndpointSecrets(sql: Database, id: string): Promise<Buffer[]> {
  const [row] = await sql<{ secret: Buffer; previous: Buffer | null }[]>`
    select secret, case when secret_previous_until > now() then secret_previous end as previous
    from webhook_endpoints where id = ${id} and state <> 'deleted'`;
  if (row === undefined) return [];
  return row.previous === null ? [row.secret] : [row.secret, row.previous];
}

/** What may be changed of an endpoint; null leaves a field as it is. */
export type EndpointChange = {
  name: string | null;
  url: string | null;
  eventTypes: string[] | null;
  state: WebhookEndpoint['state'] | null;
};

/**
 * Changes an endpoint of an account; null when there is none. Another URL, or enabling it, forgets its
 * failures. Disabling one that is disabled keeps the reason it had.
 */
export async function updateEndpoint(
  tx: Transaction,
  key: { accountId: string; id: string },
  { name, url, eventTypes, state }: EndpointChange,
): Promise<WebhookEndpoint | null> {
  const [row] = await tx<WebhookEndpoint[]>`
    update webhook_endpoints e
    set name = coalesce(${name}::text, e.name), url = coalesce(${url}::text, e.url),
      event_types = coalesce(${eventTypes}::text[], e.event_types), updated_at = now(), state = n.state,
      disabled_reason = case when n.state = 'disabled' then coalesce(e.disabled_reason, 'requested') end,
      disabled_at = case when n.state = 'disabled' then coalesce(e.disabled_at, now()) end,
      failures = case when n.fresh then 0 else e.failures end,
      failing_since = case when not n.fresh then e.failing_since end,
      probe_at = case when not n.fresh then e.probe_at end,
      probe_seconds = case when not n.fresh then e.probe_seconds end
    from (
      select id as same, coalesce(${state}::text, state) as state,
        (${state}::text = 'enabled' and state <> 'enabled') is true or (${url}::text <> url) is true as fresh
      from webhook_endpoints
      where id = ${key.id} and account_id = ${key.accountId} and state <> 'deleted'
      for no key update
    ) n
    where e.id = n.same
    returning ${columns(tx)}`;
  return row ?? null;
}

/**
 * Replaces the secret of an endpoint; the one before signs along for `overlapSeconds`. Null when there is
 * none.
 */
export async function replaceEndpointSecret(
  tx: Transaction,
  key: { accountId: string; id: string },
  next: { secret: Buffer; secretHint: string; overlapSeconds: number },
): Promise<WebhookEndpoint | null> {
  const [row] = await tx<WebhookEndpoint[]>`
    update webhook_endpoints e
    set secret_previous = secret,
      secret_previous_until = now() + make_interval(secs => ${next.overlapSeconds}),
      secret = ${next.secret}, secret_hint = ${next.secretHint}, updated_at = now()
    where id = ${key.id} and account_id = ${key.accountId} and state <> 'deleted'
    returning ${columns(tx)}`;
  return row ?? null;
}

/** Deletes an endpoint of an account; false when there is none. What is still owed to it is given up. */
export async function deleteEndpoint(sql: Database, accountId: string, id: string): Promise<boolean> {
  const rows = await sql`
    update webhook_endpoints
    set state = 'deleted', updated_at = now(), secret = '', secret_previous = null,
      secret_previous_until = null
    where id = ${id} and account_id = ${accountId} and state <> 'deleted'`;
  return rows.count === 1;
}
