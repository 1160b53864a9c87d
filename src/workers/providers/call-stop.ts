import type { StopReason } from '../../shared/chat/call-result.ts';

/** What the signal of a call is aborted with. Its reason goes into the stopped answer. */
export class CallStopped extends Error {
  readonly reason: StopReason;

  constructor(reason: StopReason) {
    super(reason);
    this.reason = reason;
  }
}

/** As much of an `AbortSignal` as a call needs. */
export type StopSignal = {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
};

/**
 * A signal, and what aborts it. One of Node's with a listener took about 10 µs of each call, a quarter of
 * what one costs without, since V8 learns from its listeners to make them, and all they hold, in the old
 * space (docs/decisions/lean-calls.md).
 */
export class StopController implements StopSignal {
  aborted = false;
  reason: unknown = undefined;
  #listeners: (() => void)[] = [];

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at !== -1) this.#listeners.splice(at, 1);
  }

  /** The first reason stands. */
  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}

/**
 * Why a call was stopped whose signal is aborted. A signal that was aborted with anything else belongs to a
 * process that closes.
 */
export function stopReasonOf(signal: Pick<StopSignal, 'reason'>): StopReason {
  const { reason } = signal;
  return reason instanceof CallStopped ? reason.reason : 'shutdown';
}
