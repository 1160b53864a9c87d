import type { Database, Transaction } from '../../platform/postgres/database.ts';

/** One promise of the ledger, and how many rows break it. */
export type LedgerCheck = { name: string; ok: boolean; rows: number };

type Question = { name: string; broken(tx: Transaction): Promise<{ rows: bigint }[]> };

const questions: Question[] = [
  {
    name: 'What an account has available and held is the sum of its entries',
    broken: (tx) => tx`
      select count(*) as rows
      from balances b
      full join (
        select account_id, sum(amount_nano) as available,
          sum(case when type in ('hold', 'release') then -amount_nano else 0 end) as held
        from entries group by account_id
      ) e on e.account_id = b.account_id
      where coalesce(b.available_nano, 0) <> coalesce(e.available, 0)
        or coalesce(b.held_nano, 0) <> coalesce(e.held, 0)
        or b.account_id is null`,
  },
  {
    name: 'No balance is negative',
    broken: (tx) => tx`select count(*) as rows from balances where available_nano < 0 or held_nano < 0`,
  },
  {
    name: 'What an account has held is what remains of its open holds',
    broken: (tx) => tx`
      select count(*) as rows
      from balances b
      full join (
        select account_id, sum(remaining_nano) as remaining from holds where closed_at is null
        group by account_id
      ) h on h.account_id = b.account_id
      where coalesce(b.held_nano, 0) <> coalesce(h.remaining, 0)`,
  },
  {
    name: 'What remains of a hold is the shares of its unfinished jobs and of lines that are no jobs yet',
    broken: (tx) => tx`
      select count(*) as rows
      from holds h
      left join (
        select hold_id, sum(hold_nano) as shares from jobs where finished_at is null group by hold_id
      ) j on j.hold_id = h.id
      left join (
        select b.hold_id, sum(l.hold_nano) as shares
        from batches b join batch_lines l on l.batch_id = b.id and l.line > b.expanded_through
        where b.hold_id is not null and b.finished_at is null
        group by b.hold_id
      ) l on l.hold_id = h.id
      where h.remaining_nano <> coalesce(j.shares, 0) + coalesce(l.shares, 0)`,
  },
  {
    name: 'A closed hold has nothing left and no unfinished job',
    broken: (tx) => tx`
      select count(*) as rows from holds h
      where h.closed_at is not null and (
        h.remaining_nano <> 0
        or exists (select 1 from jobs j where j.hold_id = h.id and j.finished_at is null)
      )`,
  },
  {
    name: 'A batch that ended has closed its hold, and counted every line once',
    broken: (tx) => tx`
      select count(*) as rows
      from batches b left join holds h on h.id = b.hold_id
      where b.finished_at is not null
        and ((h.id is not null and h.closed_at is null)
          or b.completed + b.failed + b.cancelled + b.expired <> b.total)`,
  },
  {
    name: 'Both sides of every entry sum to zero',
    broken: (tx) => tx`
      select count(*) as rows
      from (select entry_id from postings group by entry_id having sum(amount_nano) <> 0 or count(*) <> 2) p`,
  },
  {
    name: 'The balances after an entry follow from the entry before it',
    broken: (tx) => tx`
      select count(*) as rows
      from (
        select amount_nano, type, available_nano, held_nano,
          lag(available_nano, 1, 0::bigint) over one as available_before,
          lag(held_nano, 1, 0::bigint) over one as held_before
        from entries
        window one as (partition by account_id order by id)
      ) e
      where available_nano <> available_before + amount_nano
        or held_nano <> held_before - case when type in ('hold', 'release') then amount_nano else 0 end`,
  },
  {
    name: 'The balances after the last entry are the balances of the account',
    broken: (tx) => tx`
      select count(*) as rows
      from balances b
      join lateral (
        select available_nano, held_nano from entries e where e.account_id = b.account_id order by e.id desc
        limit 1
      ) l on true
      where l.available_nano <> b.available_nano or l.held_nano <> b.held_nano`,
  },
  {
    name: 'No final job has an open hold of its own',
    broken: (tx) => tx`
      select count(*) as rows
      from jobs j join holds h on h.id = j.hold_id
      where j.finished_at is not null and h.batch_id is null and h.closed_at is null`,
  },
  {
    name: 'The share of every final job was released once, and of no other job',
    broken: (tx) => tx`
      select count(*) as rows
      from jobs j
      left join (
        select job_id, count(*) as n, sum(amount_nano) as amount
        from entries where type = 'release' and job_id is not null group by job_id
      ) e on e.job_id = j.id
      where case when j.finished_at is not null
        then coalesce(e.n, 0) <> 1 or e.amount <> j.hold_nano
        else e.n is not null end`,
  },
  {
    name: 'Every final job has one charge, and no other job has any',
    broken: (tx) => tx`
      select count(*) as rows
      from jobs j full join charges c on c.job_id = j.id
      where j.id is null
        or (j.finished_at is not null) <> (c.job_id is not null)
        or c.account_id <> j.account_id`,
  },
  {
    name: 'Every charge is on the statement once, with its amount',
    broken: (tx) => tx`
      select count(*) as rows
      from charges c
      full join (
        select job_id, account_id, sum(amount_nano) as amount, count(*) as n
        from entries where type = 'charge' group by job_id, account_id
      ) e on e.job_id = c.job_id and e.account_id = c.account_id
      where coalesce(c.amount_nano, 0) <> -coalesce(e.amount, 0) or coalesce(e.n, 0) > 1`,
  },
  {
    name: 'No charge is negative or more than the hold of its job',
    broken: (tx) => tx`
      select count(*) as rows
      from charges c join jobs j on j.id = c.job_id
      where c.amount_nano < 0 or c.amount_nano > c.hold_nano or c.hold_nano <> j.hold_nano`,
  },
  {
    name: 'Every overrun is positive and belongs to a final job',
    broken: (tx) => tx`
      select count(*) as rows
      from overruns o left join jobs j on j.id = o.job_id
      where o.amount_nano <= 0 or j.state is null or j.finished_at is null`,
  },
  {
    name: 'Over all accounts, what came in is what they have and what was charged',
    broken: (tx) => tx`
      select (case when
        (select coalesce(sum(amount_nano), 0) from entries where type in ('deposit', 'adjustment'))
        = (select coalesce(sum(available_nano + held_nano), 0) from balances)
          + (select coalesce(sum(amount_nano), 0) from charges)
        then 0 else 1 end)::bigint as rows`,
  },
  {
    name: 'The unfinished jobs and the keys of an account are as many as its balance counts',
    broken: (tx) => tx`
      select count(*) as rows
      from balances b
      left join (
        select account_id, count(*) as n from jobs where finished_at is null and batch_id is null
        group by account_id
      ) j on j.account_id = b.account_id
      left join (select account_id, count(*) as n from idempotency_keys group by account_id) k
        on k.account_id = b.account_id
      where b.unfinished_jobs <> coalesce(j.n, 0) or b.idempotency_keys <> coalesce(k.n, 0)`,
  },
  {
    name: 'The files of an account and their bytes are as many as its usage counts',
    broken: (tx) => tx`
      select count(*) as rows
      from account_usage u
      left join (
        select account_id, count(*) filter (where purpose <> 'message_batch') as n, sum(bytes) as bytes
        from files group by account_id
      ) f on f.account_id = u.account_id
      where u.files <> coalesce(f.n, 0) or u.stored_bytes <> coalesce(f.bytes, 0)`,
  },
];

/** Proves the promises of the ledger on live data, all of them on one snapshot, which blocks nobody. */
export async function checkLedger(sql: Database): Promise<LedgerCheck[]> {
  return await sql.begin(async (tx) => {
    // Everything is joined with everything, whatever the statistics say: a loop over an index would never
    // end.
    await tx`select set_config('enable_nestloop', 'off', true), set_config('work_mem', '64MB', true)`;
    const checks: LedgerCheck[] = [];
    for (const { name, broken } of questions) {
      const rows = Number((await broken(tx))[0]?.rows ?? 0n);
      checks.push({ name, ok: rows === 0, rows });
    }
    return checks;
  }, 'isolation level repeatable read read only');
}
