/**
 * What came of one request: an answer that was read to its end, or no answer. Without one, nobody knows what
 * the server did.
 */
export type Reply =
  | {
      kind: 'answer';
      status: number;
      body: string;
      retryAfterMs: number | null;
      /** The job of a call, which its answer names in a header. */
      jobId: string | null;
    }
  | { kind: 'timeout' }
  | { kind: 'error'; message: string };

export type Answer = Extract<Reply, { kind: 'answer' }>;

/** Sends one request and reads its answer whole, within `timeoutMs`. Never throws and never repeats. */
export async function ask(url: string, init: RequestInit, timeoutMs: number): Promise<Reply> {
  try {
    const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    const body = await answer.text();
    const seconds = answer.headers.get('retry-after');
    return {
      kind: 'answer',
      status: answer.status,
      body,
      retryAfterMs: seconds === null ? null : Number(seconds) * 1000,
      jobId: answer.headers.get('x-job-id'),
    };
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') return { kind: 'timeout' };
    return { kind: 'error', message: describe(error) };
  }
}

/** True for a server error that the contract does not have: anything but 503 with Retry-After. */
export function isBrokenAnswer(answer: Answer): boolean {
  return answer.status >= 500 && !(answer.status === 503 && answer.retryAfterMs !== null);
}

/** An item drawn with a number in [0, 1), or undefined from an empty list. */
export function pick<Item>(items: readonly Item[], drawn: number): Item | undefined {
  return items[Math.floor(drawn * items.length)];
}

function describe(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown } } | null)?.cause?.code;
  return typeof cause === 'string' ? cause : String(error);
}
