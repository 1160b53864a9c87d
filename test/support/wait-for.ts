/**
 * Looks until `look` gives something other than null, undefined or false, and gives that; fails after
 * `timeoutMs`.
 */
export async function waitFor<Found>(
  what: string,
  look: () => Promise<Found | null | undefined | false> | Found | null | undefined | false,
  timeoutMs = 15_000,
): Promise<Found> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > until) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await new Promise((next) => setTimeout(next, 10));
  }
}
