import type { StopReason } from '../../shared/chat/call-result.ts';

/** What the signal of a call is aborted with. Its reason goes into the stopped answer. */
export class CallStopped extends Error {
  readonly reason: StopReason;

  constructor(reason: StopReason) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * Why a call was stopped whose signal is aborted. A signal that was aborted with anything else belongs to a
 * process that closes.
 */
export function stopReasonOf(signal: AbortSignal): StopReason {
  const reason: unknown = signal.reason;
  return reason instanceof CallStopped ? reason.reason : 'shutdown';
}
