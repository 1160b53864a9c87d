import { insertAccount } from '../../src/shared/accounts/sql/accounts.ts';
import { newId } from '../../src/shared/ids.ts';
import type { Database } from '../../src/shared/platform/postgres/database.ts';

/** One target on a provider, as intake stores it. */
function storedTarget(provider: string): object {
  return {
    provider,
    model: `${provider}/a`,
    upstreamModel: 'a',
    maxOutputTokens: 5,
    priceVersion: '1',
    prices: { input: '1', output: '2', cachedInput: '1', cacheWrite: '1', cacheWriteHour: '1' },
    tokenizer: 'openai',
  };
}

/** Jobs that wait, with their requests, written past the ledger, of an account of their own. */
export async function plantWaitingJobs(
  sql: Database,
  count: number,
  { provider = 'openai' }: { provider?: string } = {},
): Promise<string[]> {
  const [accountId, holdId] = [newId('acct'), newId('hold')];
  const ids = Array.from({ length: count }, () => newId('job'));
  await insertAccount(sql, { id: accountId, name: accountId });
  await sql`insert into holds (id, account_id, amount_nano, remaining_nano)
    values (${holdId}, ${accountId}, 0, 0)`;
  await sql`
    insert into jobs (id, account_id, lane, model, provider, target_model, max_attempts, hold_id, hold_nano,
      input_tokens_bound, tokens_bound, deadline_at)
    select id, ${accountId}, 1, ${`${provider}/a`}, ${provider}, ${`${provider}/a`}, 5, ${holdId}, 0, 1, 2,
      now() + interval '1 day'
    from unnest(${ids}::text[]) as id`;
  const targets = JSON.stringify([storedTarget(provider)]);
  await sql`
    insert into job_requests (job_id, request, targets)
    select id, '{"model":"a","messages":[]}', ${targets}::jsonb from unnest(${ids}::text[]) as id`;
  return ids;
}
