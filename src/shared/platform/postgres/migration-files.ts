import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A numbered migration: its name is what the schema records. It is applied once. */
export type Migration = { name: string; text: string };

/**
 * A function of the schema in its current text, with the triggers that call it: applied whenever it changed.
 */
export type SchemaFunction = { name: string; text: string; sha256: string };

export type MigrationFiles = { migrations: Migration[]; functions: SchemaFunction[] };

/** The folder stands beside `src` and beside `dist`, so the same relative path serves both. */
const migrationsDir = fileURLToPath(new URL('../../../../migrations', import.meta.url));

/** Everything that this code was built with, in the order in which it is applied. */
export function readMigrationFiles(dir = migrationsDir): MigrationFiles {
  const functions = readSqlFiles(join(dir, 'functions')).map(({ name, text }) => ({
    name,
    text,
    sha256: createHash('sha256').update(text).digest('hex'),
  }));
  return { migrations: readSqlFiles(dir), functions: dependenciesFirst(functions) };
}

function readSqlFiles(dir: string): Migration[] {
  return readdirSync(dir)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({
      name: file.slice(0, -'.sql'.length),
      // A checkout may have other line ends; the text is the same.
      text: readFileSync(join(dir, file), 'utf8').replaceAll('\r\n', '\n'),
    }));
}

/** Postgres checks the body of a function when it is created: what a text calls has to be there before it. */
function dependenciesFirst(functions: SchemaFunction[]): SchemaFunction[] {
  const sorted = new Set<SchemaFunction>();
  const visited = new Set<SchemaFunction>();
  const visit = (entry: SchemaFunction) => {
    if (visited.has(entry)) return;
    visited.add(entry);
    for (const other of functions) {
      if (new RegExp(`\\b${other.name}\\(`).test(entry.text)) visit(other);
    }
    sorted.add(entry);
  };
  for (const entry of functions) visit(entry);
  return [...sorted];
}

/** Whether processes that do not know this migration cannot work with a schema that has it. */
export function isBreaking(migrationName: string): boolean {
  return migrationName.endsWith('.breaking');
}
