import type { Answer } from '../../shared/domain/answer.ts';
import type { ChatRequest, Delta } from '../../shared/domain/chat.ts';

/** One outbound call, complete: a provider needs nothing else and remembers nothing. */
export type ProviderCall = {
  /** Sent as the header `x-gateway-attempt-id`, so a provider's log can be joined with ours. */
  attemptId: string;
  /** The upstream's own model name, without the provider prefix. */
  model: string;
  request: ChatRequest;
  /** The bound the hold was computed with; always sent, in whatever field the upstream wants. */
  maxOutputTokens: number;
  /** Stream from the upstream and report deltas; when false the upstream is asked for one plain answer. */
  stream: boolean;
  /** Ours to abort: ends the call as `stopped`. Time limits are the provider's own and end it as `cut`. */
  signal: AbortSignal;
  onDelta(delta: Delta): void;
};

/** How to reach one upstream. */
export type ProviderSettings = {
  name: string;
  baseUrl: string;
  apiKey: string | null;
  /** No byte of headers after this long: `cut`. */
  headersTimeoutMs: number;
  /** No byte of body for this long: `cut`. */
  idleTimeoutMs: number;
  /** The whole call, whatever trickles in: `cut`. */
  totalTimeoutMs: number;
  /** Decoded body larger than this: `cut`. */
  responseBytesMax: number;
};

/** An upstream behind its official SDK. `call` never throws and never retries. */
export type Provider = {
  name: string;
  call(call: ProviderCall): Promise<Answer>;
  /** Cuts what is still running and frees the sockets; call it once, at shutdown. */
  close(): Promise<void>;
};
