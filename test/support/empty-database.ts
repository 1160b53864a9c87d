import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { appUrl, ownerUrl, withDatabase } from './servers.ts';

export type EmptyDatabase = {
  ownerUrl: string;
  appUrl: string;
  /** Runs statements as the owner of the schema. */
  query<Row>(text: string): Promise<Row[]>;
  drop(): Promise<void>;
};

/** A database of one's own without any schema. */
export async function createEmptyDatabase(): Promise<EmptyDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const urls = { ownerUrl: withDatabase(ownerUrl(), name), appUrl: withDatabase(appUrl(), name) };
  const admin = (text: string) => queryOnce(withDatabase(ownerUrl(), 'postgres'), text);
  await admin(`create database ${name}`);
  return {
    ...urls,
    query: <Row>(text: string) => queryOnce(urls.ownerUrl, text) as Promise<Row[]>,
    drop: async () => void (await admin(`drop database if exists ${name} with (force)`)),
  };
}

async function queryOnce(connectionString: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query(text);
    return rows ?? [];
  } finally {
    await client.end();
  }
}
