const baseMs = 1000;
const capMs = 60_000;

/**
 * How long to wait before call number `failures + 1`: full jitter, i.e. evenly spread between nothing and the
 * step, which doubles from 1 s to 60 s, so that many jobs that failed together do not return together.
 * `random` is in [0, 1).
 */
export function backoffMs(failures: number, random: number): number {
  const stepMs = Math.min(capMs, baseMs * 2 ** Math.min(16, Math.max(0, failures - 1)));
  return Math.round(stepMs * random);
}
