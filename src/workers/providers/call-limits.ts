import type { ProviderSettings } from './provider.ts';

/**
 * Which of our own limits ended a call: `headers` and `idle` are the silence of a provider, `bytes` is an
 * answer that is more than we hold. How long a whole call may take is its job's deadline, which its caller
 * keeps.
 */
export type LimitReached = 'headers' | 'idle' | 'bytes';

/** The clocks of one call. Its signal aborts when one runs out or the caller aborts. */
export type CallLimits = {
  signal: AbortSignal;
  /** The first limit that was reached, or null. */
  reached(): LimitReached | null;
  /** Headers are here: from now on only silence and size count. */
  headersCame(): void;
  /**
   * Starts the idle clock before a read of the body; the time a slow reader of ours takes is not the
   * provider's.
   */
  waitForBytes(): void;
  /** Stops the idle clock. */
  bytesCame(): void;
  /** Ends the call for a reason of ours, or the SDK's. */
  abort(limit?: LimitReached): void;
  stop(): void;
};

/**
 * Starts the clocks of one call. A whole answer may be thought about for as long as its job has; a stream
 * begins at once.
 */
export function startLimits(
  settings: ProviderSettings,
  call: { signal: AbortSignal; stream: boolean; reasons: boolean },
): CallLimits {
  const controller = new AbortController();
  let reached: LimitReached | null = null;
  let idleTimer: NodeJS.Timeout | undefined;
  const idleMs = call.reasons ? settings.thinkingTimeoutMs : settings.idleTimeoutMs;

  function abort(limit?: LimitReached): void {
    if (controller.signal.aborted) return;
    reached = limit ?? null;
    controller.abort();
  }
  const onCallerAbort = () => abort();
  call.signal.addEventListener('abort', onCallerAbort, { once: true });
  const headersTimer = call.stream ? setTimeout(abort, settings.headersTimeoutMs, 'headers') : undefined;

  return {
    signal: controller.signal,
    reached: () => reached,
    headersCame: () => clearTimeout(headersTimer),
    waitForBytes() {
      clearTimeout(idleTimer);
      idleTimer = setTimeout(abort, idleMs, 'idle');
    },
    bytesCame: () => clearTimeout(idleTimer),
    abort,
    stop() {
      for (const timer of [headersTimer, idleTimer]) clearTimeout(timer);
      call.signal.removeEventListener('abort', onCallerAbort);
    },
  };
}
