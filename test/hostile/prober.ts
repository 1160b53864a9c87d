import type { Client } from '../support/gateway.ts';

export type Probes = {
  /** Milliseconds from asking to the whole answer, one per read. */
  delaysMs: number[];
  /** Statuses other than 200. */
  failures: number[];
};

/** Reads a tenant's balance again and again, one read after the other, until it is stopped. */
export function probeBalance(client: Client, pauseMs: number): { stop(): Promise<Probes> } {
  const probes: Probes = { delaysMs: [], failures: [] };
  const stopped = new AbortController();
  const run = (async () => {
    while (!stopped.signal.aborted) {
      const begunAt = performance.now();
      const { status } = await client.call('GET /v1/balance').catch(() => ({ status: 0 }));
      probes.delaysMs.push(performance.now() - begunAt);
      if (status !== 200) probes.failures.push(status);
      await new Promise((next) => setTimeout(next, pauseMs));
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await run;
      return probes;
    },
  };
}

/** The value below which this share of the others lies. */
export function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
