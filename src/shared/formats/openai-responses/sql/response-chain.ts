import type { JobState } from '../../../jobs/rules/job.ts';
import type { Database } from '../../../platform/postgres/database.ts';
import { firstStoredField } from '../response-request.ts';

/** One turn of a conversation, without its texts. */
export type ChainTurn = {
  jobId: string;
  /** The id of the response before it, as its client gave it; null for the first. */
  previousId: string | null;
  state: JobState;
  hasResult: boolean;
  /** Of all turns from the newest to this one. */
  bytesSoFar: number;
};

const head = `{"${firstStoredField}":`;

/** What was stored before that field came first is read as a whole. */
const previousId = (sql: Database) => sql`
  case when left(q.original, ${head.length}::integer) = ${head}
    then substring(left(q.original, 600) from ${`^\\{"${firstStoredField}":"([^"]+)"`})
    else q.original::json ->> ${firstStoredField} end`;

const turn = (sql: Database) => sql`
  j.id as job_id, ${previousId(sql)} as previous_id, j.state, r.job_id is not null as has_result,
  (octet_length(q.original) + coalesce(octet_length(r.result), 0))::double precision as bytes`;

/**
 * The turns of a conversation from this response back, newest first: those that are there and stored, at most
 * `turnsMax`, and none after the first with which they have more than `bytesMax`. Sizes are known to Postgres
 * without the texts.
 */
export async function listTurns(
  sql: Database,
  accountId: string,
  jobId: string,
  limits: { turnsMax: number; bytesMax: number },
): Promise<ChainTurn[]> {
  return await sql<ChainTurn[]>`
    with recursive chain as (
      select ${turn(sql)}, 1 as number,
        (octet_length(q.original) + coalesce(octet_length(r.result), 0))::double precision as total
      from jobs j
      join job_requests q on q.job_id = j.id and q.original is not null
      left join job_results r on r.job_id = j.id
      where j.id = ${jobId} and j.account_id = ${accountId} and j.surface = 'responses'
      union all
      select t.*, c.number + 1, c.total + t.bytes
      from chain c
      cross join lateral (
        select ${turn(sql)}
        from jobs j
        join job_requests q on q.job_id = j.id and q.original is not null
        left join job_results r on r.job_id = j.id
        where j.id = regexp_replace(c.previous_id, '^resp_', 'job_') and j.account_id = ${accountId}
          and j.surface = 'responses'
      ) t
      where c.previous_id like 'resp\\_%' and c.number < ${limits.turnsMax} and c.total <= ${limits.bytesMax}
    )
    select job_id as "jobId", previous_id as "previousId", state, has_result as "hasResult",
      total as "bytesSoFar"
    from chain order by number`;
}

/** The responses of an account among these jobs that have an output, with the bytes of their texts. */
export async function listReferenced(
  sql: Database,
  accountId: string,
  jobIds: string[],
): Promise<{ jobId: string; bytes: number }[]> {
  return await sql<{ jobId: string; bytes: number }[]>`
    select j.id as "jobId", (octet_length(q.original) + octet_length(r.result))::double precision as bytes
    from jobs j
    join job_requests q on q.job_id = j.id and q.original is not null
    join job_results r on r.job_id = j.id
    where j.id = any (${jobIds}::text[]) and j.account_id = ${accountId} and j.surface = 'responses'`;
}

/** What was sent and what came of it, as JSON; null when it was erased meanwhile. */
export async function readTurnTexts(
  sql: Database,
  jobId: string,
): Promise<{ original: string; result: string | null } | null> {
  const [row] = await sql<{ original: string; result: string | null }[]>`
    select q.original, r.result from job_requests q left join job_results r on r.job_id = q.job_id
    where q.job_id = ${jobId} and q.original is not null`;
  return row ?? null;
}
