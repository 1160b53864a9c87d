/** Waits for `work`, but no longer than `timeoutMs`, and never fails: for endings that must not hang. */
export async function waitAtMost(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  await resultWithin(timeoutMs, work, 'it').catch(() => undefined);
}

/** Nobody answered in time. Counts as a service that is away. */
export class TimedOut extends Error {
  readonly code = 'ETIMEDOUT';
}

/**
 * What `work` comes to; rejects with TimedOut after `timeoutMs`, and what it comes to later is nobody's
 * business.
 */
export async function resultWithin<Value>(
  timeoutMs: number,
  work: Promise<Value>,
  who: string,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimedOut(`${who} did not answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
}
