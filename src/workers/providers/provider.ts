import type { OpenaiApi } from '../../shared/catalogue/model.ts';
import type { Answer } from '../../shared/chat/call-result.ts';
import type { ChatRequest, Delta, PassedEvent } from '../../shared/chat/chat.ts';
import type { ProxySettings } from '../../shared/platform/outgoing/proxy-for.ts';
import type { StopSignal } from './call-stop.ts';

/** One outbound call, complete: a provider needs nothing else and remembers nothing. */
export type ProviderCall = {
  /** Sent as the header `x-gateway-attempt-id`, so a provider's log can be joined with ours. */
  attemptId: string;
  /** The upstream's own model name, without the provider prefix. */
  model: string;
  request: ChatRequest;
  /** Which of OpenAI's APIs is asked; chat completions when left out. */
  api?: OpenaiApi;
  /** The bound the hold was computed with; always sent, in whatever field the upstream wants. */
  maxOutputTokens: number;
  /** Stream from the upstream and report deltas; when false the upstream is asked for one plain answer. */
  stream: boolean;
  /** The model may think, and be silent, before its first word. */
  reasons: boolean;
  /**
   * Ours to abort with a `CallStopped`, at the deadline at the latest: ends the call as `stopped`, with that
   * reason. The silence of a provider ends it as `cut`.
   */
  signal: StopSignal;
  onDelta(delta: Delta): void;
  /** Given each event of a stream that goes through in the client's own dialect. */
  onPassed?(event: PassedEvent): void;
};

/** How to reach one upstream. */
export type ProviderSettings = {
  name: string;
  baseUrl: string;
  apiKey: string | null;
  /** The way out; none when it is not given. */
  proxy?: ProxySettings;
  /** A stream that has not begun after this long: `cut`. A whole answer has until its caller's signal. */
  headersTimeoutMs: number;
  /**
   * No byte of body for this long: `cut`. For a model that thinks in silence, `thinkingTimeoutMs` instead.
   */
  idleTimeoutMs: number;
  thinkingTimeoutMs: number;
  /** However much was asked for, no more of one answer is held in memory: the call is `stopped`. */
  answerBytesMax: number;
};

/**
 * An upstream. `call` never throws, and asks again only what was refused for
 * something that it can do without.
 */
export type Provider = {
  name: string;
  call(call: ProviderCall): Promise<Answer>;
  /** Cuts what is still running and frees the sockets; call it once, at shutdown. */
  close(): Promise<void>;
};
