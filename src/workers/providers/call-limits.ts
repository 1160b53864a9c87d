import type { ProviderCall, ProviderSettings } from './provider.ts';

/**
 * Which of our own limits ended a call: `headers` and `idle` are the silence of a provider, `bytes` is an
 * answer that is more than we hold. How long a whole call may take is its job's deadline, which its caller
 * keeps.
 */
export type LimitReached = 'headers' | 'idle' | 'bytes';

/** The clock of one call. There is one timer at a time, since one thing at a time is waited for. */
export class CallClock {
  readonly #headersMs: number | null;
  readonly #idleMs: number;
  readonly #onSilence: (limit: LimitReached) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    settings: ProviderSettings,
    call: Pick<ProviderCall, 'stream' | 'reasons'>,
    onSilence: (limit: LimitReached) => void,
  ) {
    // A whole answer may be thought about for as long as its job has; a stream begins at once.
    this.#headersMs = call.stream ? settings.headersTimeoutMs : null;
    this.#idleMs = call.reasons ? settings.thinkingTimeoutMs : settings.idleTimeoutMs;
    this.#onSilence = onSilence;
  }

  /** Waits for the headers. */
  start(): void {
    if (this.#headersMs !== null) this.#timer = setTimeout(this.#onSilence, this.#headersMs, 'headers');
  }

  /** Headers are here: from now on only silence counts. */
  headersCame(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onSilence, this.#idleMs, 'idle');
  }

  bytesCame(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
