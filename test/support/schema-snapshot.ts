import type { EmptyDatabase } from './empty-database.ts';

/** Everything that a schema consists of, one line each: what two databases have in common compares equal. */
export async function schemaSnapshot(database: EmptyDatabase): Promise<string[]> {
  const rows = await database.query<{ line: string }>(snapshot);
  return rows.map(({ line }) => line);
}

const snapshot = `
  select line from (
    select format('column %s.%s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      a.attnotnull, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)) as line
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'c', 'v')
    union all
    select format('constraint %s %s', conname, pg_get_constraintdef(oid)) from pg_constraint
    where connamespace = 'public'::regnamespace
    union all
    select indexdef from pg_indexes where schemaname = 'public'
    union all
    select pg_get_triggerdef(t.oid) from pg_trigger t where not t.tgisinternal
    union all
    select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
    union all
    select format('runtime executes %s: %s', oid::regprocedure,
      has_function_privilege('gateway_runtime', oid, 'execute'))
    from pg_proc where pronamespace = 'public'::regnamespace
    union all
    select format('runtime on %s: %s', c.oid::regclass, (
      select array_agg(p order by p)
      from unnest(array['select', 'insert', 'update', 'delete', 'truncate']) p
      where has_table_privilege('gateway_runtime', c.oid, p)
    ))
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
  ) lines
  order by line`;
