/*
 * The fair window of one provider, filled by `ticket_jobs` in Postgres. Two accounts of weight 1, A with
 * three jobs waiting and B with two; A has one under way already:
 *
 *     waiting of A    a1  a2  a3        rank = (jobs of the account under way in this lane
 *                      2   3   4  ◀──           + position among its own waiting jobs) / weight
 *     waiting of B    b1  b2
 *                      1   2            sorted by rank: b1, a1, b2, a2, a3
 *                       │
 *                       ▼  as many as the window has free
 *     ┌───────────────── window = 2 × capacity ─────────────────┐
 *     │ running, at most `capacity`    │ ticketed: next in line │ ──▶ tickets in BullMQ, by priority
 *     └────────────────────────────────┴────────────────────────┘
 *
 *     priority:  band 0   guaranteed shares of the lower lanes while a higher one has work:
 *                         a quarter for background and batch together, a tenth for batch alone
 *                band 1   interactive, by rank
 *                band 2   background, by rank
 *                band 3   batch, by rank
 *
 * An account with one job is thus served before the second job of any other. A ticket that has waited for
 * five seconds while others wait is revoked and ranked anew, so that nobody stays ahead by having been early.
 */

/**
 * How many calls to a provider can run at once: as many as live workers have slots for, and no more than it
 * allows.
 */
export function capacityOf(slots: number, maxConcurrency: number | null): number {
  return Math.min(slots, maxConcurrency ?? slots);
}

/**
 * How many jobs of a provider are under way at most, tickets included: who ends one finds the next in the
 * queue.
 */
export function windowOf(capacity: number): number {
  return 2 * capacity;
}
