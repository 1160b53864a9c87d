import type { Infra } from '../shared/infra.ts';
import type { Log } from '../shared/platform/log.ts';
import { startLoop } from '../shared/platform/loop.ts';
import { listPausedProviders } from '../shared/queue/sql/paused-providers.ts';

/** Knows which providers are paused: at a signal, or a second later. */
export function startPauses(
  { sql, signals }: Pick<Infra, 'sql' | 'signals'>,
  log: Log,
): { isPaused(provider: string): boolean; stop(): Promise<void> } {
  let paused = new Set<string>();
  const look = async () => {
    paused = new Set(await listPausedProviders(sql));
    return undefined;
  };
  const pauses = startLoop(1000, look, log, 'paused providers');
  signals.subscribe('providers', pauses.wake);
  return { isPaused: (provider) => paused.has(provider), stop: pauses.stop };
}
