import pg, { type ClientConfig } from 'pg';

/**
 * What decides how values are read and written, and how transactions see each other, whatever the server, the
 * database or the role has as its default. Sent with the first message of a connection, where they stand over
 * all of those.
 */
const pooled = {
  // The driver reads times in this style alone.
  DateStyle: 'ISO, MDY',
  TimeZone: 'UTC',
  standard_conforming_strings: 'on',
};
const direct = {
  ...pooled,
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  array_nulls: 'on',
  transform_null_equals: 'off',
  // Locks are taken in an order that another level would answer with errors. Whether the default is read-only
  // is left alone: an operator who says so means it, and is answered as when the database is away.
  default_transaction_isolation: 'read committed',
};

type StartupClient = InstanceType<typeof pg.Client> & { getStartupConf(): Record<string, string> };

/** `getStartupConf` is of `pg`, which has no public way for other parameters than its own. */
const Base = pg.Client as unknown as new (config?: ClientConfig) => StartupClient;

function clientWith(settings: Record<string, string>) {
  return class extends Base {
    override getStartupConf(): Record<string, string> {
      return { ...super.getStartupConf(), ...settings };
    }
  } as unknown as typeof pg.Client;
}

const DirectClient = clientWith(direct);
const PooledClient = clientWith(pooled);

/**
 * The kind of client to open connections with. A pooler in transaction mode takes the few settings that it
 * carries over from one server connection to the next (all versions of PgBouncer do for these) and refuses a
 * connection that asks for others.
 */
export function clientFor({ pooler }: { pooler: boolean }): typeof pg.Client {
  return pooler ? PooledClient : DirectClient;
}
