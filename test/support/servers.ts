/** The database every test database is cloned from. */
export const templateName = 'gateway_template';

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is not set: run the tests with "npm test", which brings the servers`);
  return value;
}

/** The servers of this run, brought by `npm test`. */
export const ownerUrl = (): string => required('GATEWAY_TEST_OWNER_URL');
export const appUrl = (): string => required('GATEWAY_TEST_APP_URL');
export const redisUrl = (): string => required('GATEWAY_TEST_REDIS_URL');

/** The nodes of a Redis Cluster when the run is to go through one, else null. */
export const redisClusterNodes = (): string[] | null =>
  process.env['GATEWAY_TEST_REDIS_CLUSTER']?.split(',') ?? null;

/** Whether there is no pooler in the way that forgets prepared statements. */
export const canPrepare = (): boolean => process.env['GATEWAY_TEST_PREPARE'] !== 'off';

/** The same server and role, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
