import { Agent, fetch as undiciFetch } from 'undici';
import type { ProviderSettings } from './provider.ts';

/** What one call has seen of its upstream: enough to say, when it fails, whether anything was done. */
export type Seen = { status: number | null; headers: Headers | null };

/** A `fetch` for one call, within the limits of its provider, and what it has seen. */
export type Wire = { fetch: typeof fetch; seen: Seen; signal: AbortSignal };

export type Transport = {
  /** `signal` is the caller's own wish to stop; the total time limit is added to it. */
  open(signal: AbortSignal, headers: Record<string, string>): Wire;
  close(): Promise<void>;
};

/**
 * The connections of one upstream, kept alive between calls. Every limit is ours: connect, headers, silence between
 * bytes, the whole call, and the size of the answer (not compressed, so that its size is what was sent). Redirects are
 * refused: they would carry the key to another host.
 */
export function createTransport(settings: ProviderSettings): Transport {
  const agent = new Agent({
    connect: { timeout: 10_000 },
    headersTimeout: settings.headersTimeoutMs,
    bodyTimeout: settings.idleTimeoutMs,
    maxResponseSize: settings.responseBytesMax,
    keepAliveTimeout: 30_000,
  });
  return {
    open: (callerSignal, extraHeaders) => {
      const seen: Seen = { status: null, headers: null };
      const signal = AbortSignal.any([callerSignal, AbortSignal.timeout(settings.totalTimeoutMs)]);
      const limited = async (input: string | URL | Request, init: RequestInit = {}) => {
        const headers = new Headers(init.headers);
        headers.set('accept-encoding', 'identity');
        for (const [name, value] of Object.entries(extraHeaders)) headers.set(name, value);
        const url = input instanceof Request ? input.url : input;
        const answer = await undiciFetch(url, {
          ...(init as object),
          headers: [...headers],
          signal: init.signal == null ? signal : AbortSignal.any([init.signal, signal]),
          redirect: 'error',
          dispatcher: agent,
        });
        seen.status = answer.status;
        seen.headers = answer.headers as unknown as Headers;
        return answer as unknown as Response;
      };
      return { fetch: limited as typeof fetch, seen, signal };
    },
    close: () => agent.destroy(),
  };
}
