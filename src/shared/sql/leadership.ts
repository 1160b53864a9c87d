import type { Database } from './database.ts';

export type Leadership = {
  /** True while this process holds the role; asks for it when nobody does. */
  lead(role: string): Promise<boolean>;
  close(): Promise<void>;
};

/**
 * Roles that one process at a time plays, kept by session locks on one direct connection: when the process or its
 * connection dies, Postgres gives the role to the next that asks. Everything a leader does is safe if two do it for a
 * moment; the role only saves double work. Needs a direct connection: behind a transaction pooler every process would
 * think it leads.
 */
export function createLeadership(sql: Database): Leadership {
  let session: Promise<Awaited<ReturnType<Database['reserve']>>> | null = null;
  const held = new Set<string>();

  async function lead(role: string): Promise<boolean> {
    try {
      session ??= sql.reserve();
      const connection = await session;
      if (held.has(role)) {
        // The lock lives as long as the session: that it answers is the proof.
        await connection`select 1`;
        return true;
      }
      const [row] = await connection<{ leads: boolean }[]>`
        select pg_try_advisory_lock(hashtextextended(${`gateway:${role}`}, 0)) as leads`;
      if (row?.leads === true) held.add(role);
      return held.has(role);
    } catch {
      held.clear();
      const broken = session;
      session = null;
      broken?.then((connection) => connection.release()).catch(() => undefined);
      return false;
    }
  }

  return {
    lead,
    close: async () => {
      held.clear();
      await sql.end({ timeout: 1 });
    },
  };
}
