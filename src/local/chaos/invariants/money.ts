import type { Broken, Invariant } from './evidence.ts';

export const moneyInvariants: Invariant[] = [
  {
    name: 'the gateway itself finds its books in order',
    broken: ({ ledgerChecks }) =>
      ledgerChecks
        .filter(({ ok }) => !ok)
        .map(({ name, rows }) => ({ jobId: null, detail: `${name}: ${rows} rows` })),
  },
  {
    name: 'entries replayed from the first give every balance after each of them',
    broken: async ({ sql }) => {
      const broken: Broken[] = [];
      const balances = new Map<string, { available: bigint; held: bigint }>();
      const entries = sql<
        {
          account_id: string;
          type: string;
          amount_nano: bigint;
          available_nano: bigint;
          held_nano: bigint;
          job_id: string | null;
        }[]
      >`select account_id, type, amount_nano, available_nano, held_nano, job_id from entries order by id`;
      for await (const rows of entries.cursor(5000)) {
        for (const entry of rows) {
          const balance = balances.get(entry.account_id) ?? { available: 0n, held: 0n };
          balance.available += entry.amount_nano;
          if (entry.type === 'hold' || entry.type === 'release') balance.held -= entry.amount_nano;
          balances.set(entry.account_id, balance);
          if (balance.available !== entry.available_nano || balance.held !== entry.held_nano) {
            broken.push({
              jobId: entry.job_id,
              detail: `after its ${entry.type} the entry shows other balances`,
            });
          }
        }
      }
      return broken;
    },
  },
  {
    name: 'a final job holds nothing and has exactly one charge within its hold',
    broken: ({ jobs }) =>
      [...jobs.values()].flatMap(({ id, state, remaining_nano, hold_nano, amount_nano }) => {
        if (['waiting', 'ticketed', 'running'].includes(state)) return [];
        if (remaining_nano !== 0n) return [{ jobId: id, detail: `${remaining_nano} still held` }];
        if (amount_nano === null) return [{ jobId: id, detail: 'no charge was written' }];
        const fits = amount_nano >= 0n && amount_nano <= hold_nano;
        return fits ? [] : [{ jobId: id, detail: `charged ${amount_nano} of a hold of ${hold_nano}` }];
      }),
  },
  {
    name: 'each job has one hold, one release and at most one charge in the statement',
    broken: async ({ sql }) => {
      const rows = await sql<{ job_id: string; counts: string }[]>`
        select job_id, concat_ws(' ', holds, releases, charges) as counts
        from (
          select job_id, count(*) filter (where type = 'hold') as holds, count(*) filter (where type = 'release') as releases,
            count(*) filter (where type = 'charge') as charges
          from entries where job_id is not null group by job_id
        ) e
        where holds <> 1 or releases > 1 or charges > 1
          or releases <> (select count(*) from jobs j where j.id = e.job_id and j.finished_at is not null)`;
      return rows.map(({ job_id, counts }) => ({
        jobId: job_id,
        detail: `holds, releases, charges: ${counts}`,
      }));
    },
  },
];
