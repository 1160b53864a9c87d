import type { Transaction } from '../../../shared/sql/database.ts';
import type { Invariant } from './evidence.ts';

/** Things nobody may do to the books, tried as the owner of the database, in a transaction that is undone. */
const forbidden: { what: string; try(tx: Transaction): Promise<unknown> }[] = [
  { what: 'an entry is edited', try: (tx) => tx`update entries set amount_nano = amount_nano + 0` },
  { what: 'an entry is deleted', try: (tx) => tx`delete from entries` },
  { what: 'the entries are truncated', try: (tx) => tx`truncate entries` },
  { what: 'a charge is edited', try: (tx) => tx`update charges set amount_nano = 0` },
  {
    what: 'a job is charged twice',
    try: (tx) => tx`
      insert into charges (job_id, account_id, hold_nano, amount_nano)
      select job_id, account_id, hold_nano, amount_nano from charges limit 1`,
  },
  {
    what: 'a charge exceeds its hold',
    try: (tx) => tx`
      insert into charges (job_id, account_id, hold_nano, amount_nano)
      select 'job_none', account_id, 1, 2 from charges limit 1`,
  },
  {
    what: 'more is taken from a hold than is left',
    try: (tx) => tx`update holds set remaining_nano = remaining_nano - amount_nano - 1`,
  },
  {
    what: 'a balance is overdrawn',
    try: (tx) => tx`update balances set available_nano = -1`,
  },
  {
    what: 'a final job starts anew',
    try: (tx) => tx`
      update jobs set state = 'waiting', finished_at = null
      where id = (select id from jobs where finished_at is not null limit 1)`,
  },
];

const succeeded = Symbol('succeeded');

export const guardInvariants: Invariant[] = [
  {
    name: 'the schema itself refuses to break the books',
    broken: async ({ sql }) => {
      const [any] = await sql`select 1 from charges limit 1`;
      if (any === undefined) return [];
      const outcomes = await Promise.all(
        forbidden.map(async (one) => {
          const outcome = await sql
            .begin(async (tx) => {
              await one.try(tx);
              throw succeeded;
            })
            .catch((error: unknown) => error);
          return outcome === succeeded
            ? [{ jobId: null, detail: `${one.what}, and nothing stopped it` }]
            : [];
        }),
      );
      return outcomes.flat();
    },
  },
];
