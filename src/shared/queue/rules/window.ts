/**
 * How many calls to a provider can run at once: as many as live workers have places for, and no more than it
 * allows.
 */
export function capacityOf(places: number, maxConcurrency: number | null): number {
  return Math.min(places, maxConcurrency ?? places);
}

/**
 * How many jobs of a provider are under way at most, tickets included: who ends one finds the next in the
 * queue.
 */
export function windowOf(capacity: number): number {
  return 2 * capacity;
}
