import type { Database, Transaction } from '../../../src/shared/platform/postgres/database.ts';
import type { Breach, Evidence, Invariant } from '../evidence.ts';

/** The owner of the database tries to break the books; nothing it does is kept. */
export const lockedBookInvariants: Invariant[] = [
  { name: 'the database refuses to have its books changed by hand', check: checkRefusals },
];

type Attempt = { what: string; try(tx: Transaction): Promise<{ count: number | null }> };

const attempts: Attempt[] = [
  {
    what: 'an entry was edited',
    try: (tx) =>
      tx`update entries set amount_nano = amount_nano + 1 where id = (select min(id) from entries)`,
  },
  {
    what: 'an entry was deleted',
    try: (tx) => tx`delete from entries where id = (select min(id) from entries)`,
  },
  { what: 'the entries were emptied', try: (tx) => tx`truncate entries` },
  {
    what: 'a charge was edited',
    try: (tx) => tx`update charges set amount_nano = 0 where job_id = (select min(job_id) from charges)`,
  },
  {
    what: 'a charge was deleted',
    try: (tx) => tx`delete from charges where job_id = (select min(job_id) from charges)`,
  },
  { what: 'the charges were emptied', try: (tx) => tx`truncate charges` },
  {
    what: 'a balance was deleted',
    try: (tx) => tx`delete from balances where account_id = (select min(account_id) from balances)`,
  },
  {
    what: 'a job was charged a second time',
    try: (tx) =>
      tx`insert into charges select * from charges where job_id = (select min(job_id) from charges)`,
  },
  {
    what: 'more than the hold was charged',
    try: (tx) => tx`
      insert into charges (job_id, account_id, hold_nano, amount_nano)
      select id, account_id, hold_nano, hold_nano + 1 from jobs order by id limit 1`,
  },
  {
    what: 'a hold was closed twice',
    try: (tx) => tx`
      update holds set remaining_nano = remaining_nano - amount_nano, closed_at = now()
      where id = (select min(id) from holds where closed_at is not null and amount_nano > 0)`,
  },
  {
    what: 'more was taken from a hold than it had',
    try: (tx) => tx`update holds set remaining_nano = -1 where id = (select min(id) from holds)`,
  },
  {
    what: 'a closed hold got money back',
    try: (tx) => tx`
      update holds set remaining_nano = amount_nano
      where id = (select min(id) from holds where closed_at is not null and amount_nano > 0)`,
  },
  {
    what: 'an account was overdrawn',
    try: (tx) => tx`
      update balances set available_nano = -1 where account_id = (select min(account_id) from balances)`,
  },
  {
    what: 'a final job was made to wait again',
    try: (tx) => tx`
      update jobs set state = 'waiting', finished_at = null
      where id = (select min(id) from jobs where finished_at is not null)`,
  },
  {
    what: 'a final job was given another final state',
    try: (tx) => tx`
      update jobs set state = case state when 'failed' then 'succeeded' else 'failed' end
      where id = (select min(id) from jobs where finished_at is not null)`,
  },
];

/** Long enough for the gateway to let go of a table, short enough to end. */
const lockTimeout = '5s';

async function checkRefusals({ sql }: Evidence): Promise<Breach[]> {
  const breaches: Breach[] = [];
  for (const attempt of attempts) {
    const outcome = await tryAndUndo(sql, attempt);
    if (outcome !== null) breaches.push({ jobId: null, detail: outcome });
  }
  return breaches;
}

/**
 * Null when the database refused, or had no row to try it on. Any error but a broken constraint is no
 * refusal.
 */
async function tryAndUndo(sql: Database, attempt: Attempt): Promise<string | null> {
  const undone = new Error('undone');
  let done: number | null = 0;
  try {
    await sql.begin(async (tx) => {
      await tx`select set_config('lock_timeout', ${lockTimeout}, true)`;
      done = (await attempt.try(tx)).count;
      throw undone;
    });
  } catch (error) {
    if (error === undone) return done === 0 ? null : `${attempt.what}, and nothing refused it`;
    const { code } = error as { code?: unknown };
    // Class 23 is a broken constraint; the triggers of the ledger raise one of them.
    if (typeof code === 'string' && code.startsWith('23')) return null;
    return `it is not known whether ${attempt.what}: ${String(error)}`;
  }
  return null;
}
