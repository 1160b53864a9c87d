import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { appUrl, ownerUrl, templateName, withDatabase } from './servers.ts';

export type TestDatabase = { ownerUrl: string; appUrl: string; drop(): Promise<void> };

async function asOwner(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: withDatabase(ownerUrl(), 'postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A database of one's own with the current schema, cloned from the template. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asOwner(`create database ${name} template ${templateName}`);
  return {
    ownerUrl: withDatabase(ownerUrl(), name),
    appUrl: withDatabase(appUrl(), name),
    drop: () => asOwner(`drop database if exists ${name} with (force)`),
  };
}
