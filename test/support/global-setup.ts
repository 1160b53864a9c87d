import pg from 'pg';
import { migrate } from '../../src/shared/platform/postgres/migrate.ts';
import { ownerUrl, templateName, withDatabase } from './servers.ts';

/** Makes one migrated template database; each test file clones its own from it. */
export async function setup(): Promise<void> {
  const admin = new pg.Client({ connectionString: withDatabase(ownerUrl(), 'postgres') });
  await admin.connect();
  await admin.query(`drop database if exists ${templateName}`);
  await admin.query(`create database ${templateName}`);
  await migrate(withDatabase(ownerUrl(), templateName));
  await admin.end();
}
