import type { Infra } from '../../shared/infra.ts';
import type { Log } from '../../shared/platform/log.ts';
import { startLoop } from '../../shared/platform/loop.ts';
import { listPausedProviders } from '../../shared/queue/sql/paused-providers.ts';

/** A pause acts at its signal; one whose signal was lost, at the next poll. */
const pace = { quickMs: 1000, restMs: 5000 };

export type PausedProviders = { isPaused(provider: string): boolean; stop(): Promise<void> };

/** Keeps in mind which providers the operator has paused; `onResumed` hears of each that no longer is. */
export function startPausedProviders(
  { sql, signals, log }: Pick<Infra, 'sql' | 'signals'> & { log: Log },
  onResumed: (provider: string) => void,
): PausedProviders {
  let paused = new Set<string>();

  async function refresh(): Promise<undefined> {
    const before = paused;
    paused = new Set(await listPausedProviders(sql));
    for (const provider of before) if (!paused.has(provider)) onResumed(provider);
  }

  const loop = startLoop(pace, refresh, log, 'paused providers');
  signals.subscribe('providers', loop.wake);
  return { isPaused: (provider) => paused.has(provider), stop: loop.stop };
}
