import type { Database } from './database.ts';
import { isBreaking, readMigrationFiles } from './migration-files.ts';

/**
 * Null when this code can work with the schema; else a sentence that names what is missing or too new, and
 * says what to do. A schema may be newer than the code, unless by a migration that is marked as breaking.
 */
export async function schemaMismatch(sql: Database, files = readMigrationFiles()): Promise<string | null> {
  const migrations = new Set(await readRecords(sql, 'schema_migrations'));
  const missing = files.migrations.map(({ name }) => name).filter((name) => !migrations.has(name));
  if (missing.length > 0) return lacks(missing);

  const known = new Set(files.migrations.map(({ name }) => name));
  const newer = [...migrations].filter((name) => !known.has(name));
  const breaking = newer.filter(isBreaking);
  if (breaking.length > 0) {
    return `the schema has ${breaking.join(', ')}, which this version cannot work with; deploy a newer one`;
  }
  if (newer.length > 0) return null;

  const applied = new Set(await readRecords(sql, 'schema_functions'));
  const outdated = files.functions.filter(({ name, sha256 }) => !applied.has(`${name} ${sha256}`));
  return outdated.length === 0 ? null : lacks(outdated.map(({ name }) => `functions/${name}`));
}

function lacks(names: string[]): string {
  return `the schema lacks ${names.join(', ')}; run "node dist/main.js migrate"`;
}

/** The names of what was applied, in the order of the names; none where the table is not there. */
async function readRecords(
  sql: Database,
  table: 'schema_migrations' | 'schema_functions',
): Promise<string[]> {
  const [found] = await sql`select to_regclass(${table}) is not null as exists`;
  if (found?.['exists'] !== true) return [];
  const rows =
    table === 'schema_migrations'
      ? await sql<{ name: string }[]>`select name from schema_migrations order by name`
      : await sql<{ name: string }[]>`select name || ' ' || sha256 as name from schema_functions order by 1`;
  return rows.map(({ name }) => name);
}
