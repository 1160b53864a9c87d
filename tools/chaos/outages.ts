import { leaseSeconds } from './lease-seconds.ts';

/**
 * What makes so much unavailable to everybody that nobody's job can start, and how long that lasts beyond its
 * end, in ms. This is all the clock of an innocent tenant stands still for; it begins anew when everything is
 * back:
 *
 * - `server`: Postgres, Redis or the provider, or the link to one of them, is unavailable, refuses or is
 *   slow; or no API or no worker is up. Connections are made again within a second of its return. Where
 *   connections fall silent, for as long as nobody can know.
 * - `tickets`: Redis has lost tickets, or a worker its life, with the tickets it had in hand. They are given
 *   out again when the lease is over.
 *
 * Not among them are connections that are cut, or stay silent while others are served, commits that fail now
 * and then, processes that are replaced, tickets that are repeated, and everything another tenant does.
 */
export const aftermathMs = { server: 1500, tickets: (leaseSeconds + 2) * 1000 };
export type OutageKind = keyof typeof aftermathMs;

/** Times in which something was unavailable for everybody. */
export type Outages = {
  /** From now on, until the returned function is called and the aftermath is over. */
  begin(kind: OutageKind): () => void;
  /** From this moment on for the aftermath. */
  note(kind: OutageKind): void;
  /** Of the time between two moments (ms of the epoch), what came after everything was back, in ms. */
  countedMs(fromMs: number, toMs: number): number;
};

export function createOutages(now: () => number = Date.now): Outages {
  const outages: { fromMs: number; toMs: number }[] = [];
  const begin = (kind: OutageKind) => {
    const outage = { fromMs: now(), toMs: Number.POSITIVE_INFINITY };
    outages.push(outage);
    return () => {
      outage.toMs = Math.min(outage.toMs, now() + aftermathMs[kind]);
    };
  };
  return {
    begin,
    note: (kind) => begin(kind)(),
    countedMs(fromMs, toMs) {
      const met = outages.filter((outage) => outage.fromMs < toMs && outage.toMs > fromMs);
      const backMs = Math.max(fromMs, ...met.map((outage) => outage.toMs));
      return Math.max(0, toMs - backMs);
    },
  };
}
