import { setMaxListeners } from 'node:events';
import type { ApiKeys } from '../auth/api-keys.ts';
import type { Caller } from './caller.ts';

/**
 * How often open streams and waits look whether their credential still works. A minute is what is promised.
 */
const pollMs = 20_000;

export type CredentialWatch = {
  /** Aborts when the credential has ended; `drop` is to be called when nobody listens any more. */
  watch(caller: Caller): { signal: AbortSignal; drop(): void };
};

type Watched = { caller: Caller; ended: AbortController };

/**
 * Watches the credentials of what outlives its request's beginning: streams and long waits. Keys are asked
 * for all at once and one time each, however many streams they have; when the database cannot say, nothing is
 * ended.
 */
export function createCredentialWatch(apiKeys: Pick<ApiKeys, 'isAlive'>, everyMs = pollMs): CredentialWatch {
  const watched = new Set<Watched>();
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    const keyIds = new Set([...watched].flatMap(({ caller }) => caller.keyId ?? []));
    const dead = new Set<string>();
    const ask = async (keyId: string) => {
      if (!(await apiKeys.isAlive(keyId).catch(() => true))) dead.add(keyId);
    };
    await Promise.all([...keyIds].map(ask));
    const now = Date.now();
    for (const { caller, ended } of watched) {
      const isOver = caller.until !== null && caller.until.getTime() <= now;
      if (isOver || (caller.keyId !== null && dead.has(caller.keyId))) ended.abort();
    }
  }

  return {
    watch(caller) {
      const entry: Watched = { caller, ended: new AbortController() };
      setMaxListeners(0, entry.ended.signal);
      watched.add(entry);
      timer ??= setInterval(() => void look(), everyMs).unref();
      return {
        signal: entry.ended.signal,
        drop: () => {
          watched.delete(entry);
          if (watched.size > 0) return;
          clearInterval(timer);
          timer = undefined;
        },
      };
    },
  };
}
