/**
 * Milliseconds of the epoch with fractions, for spans that begin in one process and end in another of the
 * same machine.
 */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}
