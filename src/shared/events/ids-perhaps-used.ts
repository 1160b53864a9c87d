/** No job writes more events than this in its life; ids stay far below what a column of integers holds. */
const idsPerhapsUsedMax = 100_000_000;

/**
 * An id that no event of a job can have had yet: there is less than an event a millisecond. For going on after events whose
 * number nobody knows any more. `lastSeq` is the last id that is known.
 */
export function idsPerhapsUsed(lastSeq: number, createdAtMs: number): number {
  return lastSeq + Math.min(idsPerhapsUsedMax, Math.max(0, Date.now() - createdAtMs));
}
