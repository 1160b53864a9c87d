import type { Database } from './database.ts';

export type Leadership = {
  /**
   * True while this process holds the role; takes it when nobody does. Rejects when the database does not
   * answer.
   */
  lead(role: string): Promise<boolean>;
  /** Gives every role back, so that the next process need not wait for their ends. */
  resign(): Promise<void>;
};

/**
 * A role nobody renews for this long is free: as long as nothing is dispatched after its leader was killed.
 */
const termSeconds = 1.5;
/** A holder renews when its term is this old, not at every question. */
const renewAfterMs = 400;

/**
 * Roles that one process at a time plays, each a row with an end. A process that is killed, cut off or merely
 * stopped loses its roles when their terms end: a lock held by a session would outlive a stopped process.
 * Everything a leader does is safe when two do it for a moment; the role only saves double work. Needs no
 * session, so any pooler will do.
 */
export function createLeadership(sql: Database, holder: string): Leadership {
  const renewedAt = new Map<string, number>();

  async function lead(role: string): Promise<boolean> {
    const age = performance.now() - (renewedAt.get(role) ?? Number.NEGATIVE_INFINITY);
    if (age < renewAfterMs) return true;
    const asked = performance.now();
    const rows = await sql`
      insert into leaders (role, holder, until)
      values (${role}, ${holder}, now() + make_interval(secs => ${termSeconds}))
      on conflict (role) do update set holder = excluded.holder, until = excluded.until
        where leaders.holder = excluded.holder or leaders.until < now()
      returning role`;
    if (rows.length === 0) renewedAt.delete(role);
    else renewedAt.set(role, asked);
    return rows.length > 0;
  }

  return {
    lead,
    resign: async () => {
      renewedAt.clear();
      await sql`delete from leaders where holder = ${holder}`;
    },
  };
}
