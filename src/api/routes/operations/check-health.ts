/** What the health routes ask. A ping rejects when its service does not answer. */
export type HealthDeps = {
  pingDatabase(): Promise<unknown>;
  pingRedis(): Promise<unknown>;
  closing: AbortSignal;
};

type State = 'ok' | 'degraded' | 'failed';

/** A service that has not answered by then is as good as away. */
const checkMsMax = 2000;

/** Runs one check; `onFailure` is what its failing means for the whole. Never rejects. Latency in ms. */
export async function checkHealth(name: string, onFailure: State, ask: () => Promise<unknown>) {
  const start = performance.now();
  const outcome = await Promise.race([ask().then(() => null, toDetail), silence()]);
  const latency_ms = Math.round((performance.now() - start) * 10) / 10;
  return { name, state: outcome === null ? ('ok' as const) : onFailure, latency_ms, detail: outcome };
}

/** A word, not the error: addresses and user names are nobody's business here. */
function toDetail(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string') return code;
  const message = error instanceof Error ? error.message : '';
  return message.startsWith('no worker') ? message : 'does not answer';
}

function silence(): Promise<string> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(`no answer within ${checkMsMax} ms`), checkMsMax).unref();
  });
}
