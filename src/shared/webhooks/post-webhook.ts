import type { Dispatcher } from 'undici';
import type { Connections } from './connections.ts';
import { type PostResult, parseRetryAfter } from './rules/delivery.ts';

export type PostLimits = {
  /** The whole attempt, from the lookup to the last byte that is read. */
  totalMsMax: number;
  /** Bytes of the answer that are read before the connection is cut. */
  answerBytesMax: number;
};

export const postLimits: PostLimits = { totalMsMax: 15_000, answerBytesMax: 64 * 1024 };

/**
 * Once the status is known the answer says nothing more to us; it is read this long, for the connection's
 * sake.
 */
const answerMsMax = 1000;

export type Post = { url: string; headers: Record<string, string>; body: Buffer; signal: AbortSignal };

/**
 * The only POST to an address somebody else chose. One attempt, never a redirect, nothing of the answer is
 * kept but its status. Every way it can end is a result; rejects only when `signal` (the closing process)
 * aborted it.
 */
export async function postWebhook(
  deps: { connections: Connections; now(): number },
  post: Post,
  limits: PostLimits = postLimits,
): Promise<PostResult> {
  const startedAt = performance.now();
  const url = new URL(post.url);
  const connection = deps.connections.take(url.origin);
  const timeout = AbortSignal.timeout(limits.totalMsMax);
  const facts = () => ({
    durationMs: Math.round(performance.now() - startedAt),
    remoteIp: connection.remoteIp(),
  });
  let reusable = false;
  try {
    const answer = await connection.client.request({
      method: 'POST',
      path: url.pathname + url.search,
      headers: post.headers,
      body: post.body,
      signal: AbortSignal.any([timeout, post.signal]),
    });
    reusable = await readToEnd(answer.body, limits.answerBytesMax);
    const { statusCode } = answer;
    const retryAfter = answer.headers['retry-after'];
    return {
      outcome: statusCode >= 200 && statusCode <= 299 ? 'delivered' : 'failed',
      statusCode,
      error: null,
      retryAfterMs: parseRetryAfter(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, deps.now()),
      ...facts(),
    };
  } catch (error) {
    post.signal.throwIfAborted();
    const word = timeout.aborted ? 'timeout' : wordFor(error);
    const outcome = word === 'ssrf_blocked' ? 'blocked' : 'failed';
    return { outcome, statusCode: null, error: word, retryAfterMs: null, ...facts() };
  } finally {
    deps.connections.release(url.origin, connection, reusable);
  }
}

/** Reads an answer to its end, within limits; false when it was cut. */
async function readToEnd(body: Dispatcher.ResponseData['body'], bytesMax: number): Promise<boolean> {
  const timer = setTimeout(() => body.destroy(), answerMsMax);
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) return false;
    }
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    body.on('error', () => undefined).destroy();
  }
}

/** A short word for what went wrong: the innermost code there is. */
function wordFor(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return wordFor(error.errors[0]);
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (cause instanceof Error && (cause as { code?: unknown }).code !== undefined) return wordFor(cause);
  return typeof code === 'string' ? code : 'failed';
}
