import type { ProviderSettings } from './provider.ts';

/** Which of our own limits ended a call. */
export type LimitReached = 'headers' | 'idle' | 'total' | 'bytes';

/** The clocks of one call. Its signal aborts when one runs out or the caller aborts. */
export type CallLimits = {
  signal: AbortSignal;
  /** The first limit that was reached, or null. */
  reached(): LimitReached | null;
  /** Headers are here: from now on only silence and the total count. */
  headersCame(): void;
  /** Starts the idle clock before a read of the body; the time a slow reader of ours takes is not the provider's. */
  waitForBytes(): void;
  /** Stops the idle clock and counts decoded bytes; throws once there are too many. */
  bytesCame(count: number): void;
  /** Ends the call for a reason of ours, or the SDK's. */
  abort(limit?: LimitReached): void;
  stop(): void;
};

/** Starts the clocks of one call. Without them a provider that trickles one byte every few seconds holds a worker for ever. */
export function startLimits(settings: ProviderSettings, callerSignal: AbortSignal): CallLimits {
  const controller = new AbortController();
  let reached: LimitReached | null = null;
  let bytes = 0;
  let idleTimer: NodeJS.Timeout | undefined;

  function abort(limit?: LimitReached): void {
    if (controller.signal.aborted) return;
    reached = limit ?? null;
    controller.abort();
  }
  const onCallerAbort = () => abort();
  callerSignal.addEventListener('abort', onCallerAbort, { once: true });
  const totalTimer = setTimeout(abort, settings.totalTimeoutMs, 'total');
  const headersTimer = setTimeout(abort, settings.headersTimeoutMs, 'headers');

  return {
    signal: controller.signal,
    reached: () => reached,
    headersCame: () => clearTimeout(headersTimer),
    waitForBytes() {
      clearTimeout(idleTimer);
      idleTimer = setTimeout(abort, settings.idleTimeoutMs, 'idle');
    },
    bytesCame(count) {
      clearTimeout(idleTimer);
      bytes += count;
      if (bytes <= settings.responseBytesMax) return;
      abort('bytes');
      throw new Error(`the body is larger than ${settings.responseBytesMax} bytes`);
    },
    abort,
    stop() {
      for (const timer of [totalTimer, headersTimer, idleTimer]) clearTimeout(timer);
      callerSignal.removeEventListener('abort', onCallerAbort);
    },
  };
}
