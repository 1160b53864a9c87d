import type { Infra } from '../shared/infra.ts';
import type { Log } from '../shared/platform/log.ts';
import { startLoop } from '../shared/platform/loop.ts';
import { listPausedProviders } from '../shared/queue/sql/paused-providers.ts';

/** A pause acts at its signal; one whose signal was lost, at the next poll. */
const pace = { quickMs: 1000, restMs: 5000 };

export type Pauses = { isPaused(provider: string): boolean; stop(): Promise<void> };

/** Knows which providers are paused; `onResumed` hears of each that no longer is. */
export function startPauses(
  { sql, signals }: Pick<Infra, 'sql' | 'signals'>,
  log: Log,
  onResumed: (provider: string) => void = () => undefined,
): Pauses {
  let paused = new Set<string>();
  const look = async () => {
    const before = paused;
    paused = new Set(await listPausedProviders(sql));
    for (const provider of before) if (!paused.has(provider)) onResumed(provider);
    return undefined;
  };
  const pauses = startLoop(pace, look, log, 'paused providers');
  signals.subscribe('providers', pauses.wake);
  return { isPaused: (provider) => paused.has(provider), stop: pauses.stop };
}
