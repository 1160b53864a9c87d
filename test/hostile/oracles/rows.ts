import type { Sql } from '../../../src/shared/platform/postgres/database.ts';
import type { Violation } from './violation.ts';

/** What should be nowhere in the database, however it was asked for; each statement counts what is. */
const promises: [name: string, statement: string][] = [
  [
    'every hold has one entry, and every entry of a hold its hold',
    `select abs((select count(*) from holds where amount_nano > 0) - (select count(*) from entries where type = 'hold' and amount_nano < 0)) as rows`,
  ],
  [
    'a hold is of one job or of one batch',
    `select abs((select count(*) from holds) - (select count(*) from jobs where batch_id is null) - (select count(*) from batches where hold_id is not null)) as rows`,
  ],
  [
    'a balance is the sum of its entries',
    `select count(*) as rows from balances b
     left join (
        select account_id, sum(amount_nano) as amount from entries group by account_id
      ) e using (account_id)
     where b.available_nano <> coalesce(e.amount, 0)`,
  ],
  ['no file is left in the making', `select count(*) as rows from files where state = 'uploading'`],
  [
    'no chunk is left of a file that is gone',
    `select count(*) as rows from file_chunks c left join files f on f.id = c.file_id where f.id is null`,
  ],
  ['no batch is stuck', `select count(*) as rows from batches where finished_at is null`],
  ['no job is at work', `select count(*) as rows from jobs where state = 'running'`],
];

/** Looks at the whole database once nothing is under way. */
export async function checkRows(sql: Sql): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const [name, statement] of promises) {
    const [row] = await sql.unsafe(statement);
    if (Number(row?.['rows']) !== 0)
      found.push({ oracle: 'rows', on: name, detail: `${row?.['rows']} rows` });
  }
  return found;
}

/**
 * Compares what clients were told with what is there: no job of these accounts that nobody was told of, and
 * none missing.
 */
export async function checkReportedJobs(
  sql: Sql,
  accounts: string[],
  reported: Iterable<string>,
): Promise<Violation[]> {
  const rows = await sql<{ id: string }[]>`
    select id from jobs where account_id = any (${accounts}::text[]) and batch_id is null`;
  const stored = new Set(rows.map(({ id }) => id));
  const known = new Set(reported);
  const untold = [...stored].filter((id) => !known.has(id));
  const missing = [...known].filter((id) => !stored.has(id));
  const violation = (detail: string, ids: string[]) =>
    ids.length === 0
      ? []
      : [
          {
            oracle: 'rows',
            on: 'jobs told are jobs stored',
            detail: `${ids.length} ${detail}: ${ids.slice(0, 3).join(', ')}`,
          },
        ];
  return [...violation('stored and never told', untold), ...violation('told and not stored', missing)];
}

/** A digest of everything the database holds of one account; equal when nothing of it changed. */
export async function digestOf(sql: Sql, accountId: string): Promise<Map<string, string>> {
  const tables = await sql<{ table: string; column: string }[]>`
    select c.table_name as "table", c.column_name as "column" from information_schema.columns c
    join information_schema.tables t on t.table_name = c.table_name and t.table_schema = c.table_schema
    where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
      and (c.column_name = 'account_id' or (c.table_name = 'accounts' and c.column_name = 'id'))`;
  const digests = new Map<string, string>();
  for (const { table, column } of tables) {
    const owned = `"${column}" = '${accountId.replaceAll("'", "''")}'`;
    const digest = "coalesce(md5(string_agg(t::text, ' ' order by t::text)), 'empty')";
    const [row] = await sql.unsafe(`select ${digest} as digest from "${table}" t where ${owned}`);
    digests.set(table, String(row?.['digest']));
  }
  return digests;
}

/** What of an account changed between two digests. */
export function checkUntouched(
  who: string,
  before: Map<string, string>,
  after: Map<string, string>,
): Violation[] {
  return [...after]
    .filter(([table, digest]) => before.get(table) !== digest)
    .map(([table]) => ({
      oracle: 'rows',
      on: `${who} is untouched`,
      detail: `its rows of ${table} changed`,
    }));
}
