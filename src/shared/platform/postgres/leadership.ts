import { createGroupCommit } from '../group-commit/group-commit.ts';
import type { Database } from './database.ts';

export type Leadership = {
  /**
   * True while this process holds the role; takes it when nobody does. `againMs` is how soon it asks again: a
   * leader that rests is given a longer term. Rejects when the database does not answer.
   */
  lead(role: string, againMs?: number): Promise<boolean>;
  /** In how long it is worth to ask again for another's role, as far as is known; 0 when it may be free. */
  freeInMs(role: string): number;
  /** Gives every role back, so that the next process need not wait for their ends. */
  resign(): Promise<void>;
};

/**
 * A role nobody renews for this long is free: as long as nothing is dispatched after its leader was killed.
 */
const termMsMin = 1500;
/** By so much the term of a leader that rests is longer than its rest. */
const termMarginMs = 500;
/** Who waits for terms to end asks for all that end within so long together. */
const togetherMs = 1000;
/** A holder renews when its term is this old, not at every question. */
const renewAfterMs = 400;

/** What is known of a role, from the last answer on. */
type Term = { leads: boolean; askedAt: number; termMs: number; freeAt: number };
type Question = { role: string; termMs: number };

/**
 * Roles that one process at a time plays, each a row with an end. A process that is killed, cut off or merely
 * stopped loses its roles when their terms end: a lock held by a session would outlive a stopped process.
 * Everything a leader does is safe when two do it for a moment; the role only saves double work. Needs no
 * session, so any pooler will do. Roles that are asked for together share a statement.
 */
export function createLeadership(sql: Database, holder: string): Leadership {
  const terms = new Map<string, Term>();
  const ask = createGroupCommit<Question, { leads: boolean; freeInMs: number }>({
    commit: async (questions) => {
      const rows = await takeRoles(sql, holder, questions);
      const answers = new Map(rows.map((row) => [row.role, row]));
      return questions.map(({ role }) => answers.get(role) ?? { leads: false, freeInMs: 0 });
    },
    bytesOf: () => 100,
    faultOf: () => 'nobody',
  });

  /** What the last answer still says; null when it is to be asked again. */
  function lastAnswer(role: string, termMs: number): boolean | null {
    const known = terms.get(role);
    if (known === undefined) return null;
    const age = performance.now() - known.askedAt;
    if (known.leads) return known.termMs === termMs && age < renewAfterMs ? true : null;
    // Not for longer than a term: its leader's may have become shorter since.
    return performance.now() < known.freeAt && age < termMs ? false : null;
  }

  return {
    lead: async (role, againMs = 0) => {
      const termMs = Math.max(termMsMin, againMs + termMarginMs);
      const known = lastAnswer(role, termMs);
      if (known !== null) return known;
      const askedAt = performance.now();
      const { leads, freeInMs } = await ask({ role, termMs });
      terms.set(role, { leads, askedAt, termMs, freeAt: performance.now() + freeInMs });
      return leads;
    },
    freeInMs: (role) => {
      const freeAt = terms.get(role)?.freeAt ?? 0;
      return Math.max(0, Math.ceil(freeAt / togetherMs) * togetherMs - performance.now());
    },
    resign: async () => {
      terms.clear();
      await sql`delete from leaders where holder = ${holder}`;
    },
  };
}

/** In the order of their names, so that no two processes wait for each other in a circle. */
async function takeRoles(sql: Database, holder: string, questions: Question[]) {
  return await sql<{ role: string; leads: boolean; freeInMs: number }[]>`
    with asked as (
      select role, max(ms) as ms
      from unnest(${questions.map(({ role }) => role)}::text[],
        ${questions.map(({ termMs }) => termMs)}::double precision[]) as a (role, ms)
      group by role order by role
    ),
    taken as (
      insert into leaders (role, holder, until)
      select role, ${holder}, now() + make_interval(secs => ms / 1000) from asked
      on conflict (role) do update set holder = excluded.holder, until = excluded.until
        where leaders.holder = excluded.holder or leaders.until < now()
      returning role
    )
    select a.role, t.role is not null as leads,
      coalesce(extract(epoch from l.until - now()) * 1000, 0)::double precision as "freeInMs"
    from asked a left join taken t on t.role = a.role left join leaders l on l.role = a.role`;
}
