import { type UsageColumns, usageColumns } from '../../money/sql/charged-usage.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { type Fragment, sqlText } from '../../platform/postgres/sql-template.ts';
import type { JobRecord } from '../rules/job-row.ts';
import { type JobRow, recordFields } from '../rules/job-row.ts';

/** Fields of a job's row as a select lists them; `table` is how the statement calls the table `jobs`. */
export function jobColumns(fields: readonly (keyof JobRow)[], table = 'j'): Fragment {
  return sqlText(fields.map((field) => `${table}.${columnOf(field)} as "${field}"`).join(', '));
}

/**
 * Writes the given fields of a job as JSON with the names of the columns, for
 * `json_populate_record(null::jobs, …)`.
 */
export function rowWriter<Field extends keyof JobRow>(fields: readonly Field[]) {
  const columns = fields.map((field) => [field, columnOf(field)] as const);
  return (job: { [name in Field]: unknown }): Record<string, unknown> => {
    const row: Record<string, unknown> = {};
    for (const [field, column] of columns) row[column] = toJsonValue(job[field]);
    return row;
  };
}

/** JSON has no whole numbers of this size; Postgres reads them from text. */
const toJsonValue = (value: unknown) => (typeof value === 'bigint' ? value.toString() : value);

function columnOf(field: keyof JobRow): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export type RecordRow = Omit<JobRecord, 'usage'> & UsageColumns;

/** The columns of a RecordRow, for `from jobs j left join charges c on c.job_id = j.id`. */
export const recordColumns = (sql: Database) => sql`
  ${jobColumns(recordFields)}, c.amount_nano as "chargeNano", coalesce(c.estimated, false) as estimated,
  c.model as "answeredModel", ${usageColumns(sql)}`;
