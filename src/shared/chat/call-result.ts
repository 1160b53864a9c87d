import type { ChatCompletion } from './chat.ts';
import type { Usage } from './usage.ts';

/**
 * Why a provider did not complete a call.
 *
 * - `throttled`: 429, 529, or 503 with Retry-After. Certainly not executed; says nothing about the job.
 * - `unreachable`: no connection was made (refused, DNS, TLS). Certainly not executed.
 * - `exhausted`: the provider's own account is out of money or quota (429 with such a code). Not executed.
 * - `auth`: 401 or 403. Not executed; the operator's key is at fault, not the request.
 * - `rejected`: 400, 404, 413, 422: this request can never succeed there.
 * - `failed`: any other error status; the provider answered that it failed, or in a way nobody can read.
 * - `cut`: the connection, the stream or the body ended early, or a time limit passed, after the request was
 *   sent: what the provider did is unknown.
 */
export type FailureReason =
  | 'throttled'
  | 'unreachable'
  | 'exhausted'
  | 'auth'
  | 'rejected'
  | 'failed'
  | 'cut';

/** What of an answer could not be read; the label of a metric, so the words are few. */
export type UnreadableReason =
  | 'no_choice'
  | 'no_message'
  | 'content'
  | 'tool_call'
  | 'tool_arguments'
  | 'empty';

export type Failure = {
  reason: FailureReason;
  /** HTTP status, or the one that a body with another status reported; null when no answer came. */
  status: number | null;
  /** The provider's own code, as `context_length_exceeded`; null when it gave none. */
  code: string | null;
  /** What could not be read of an answer that is whole; left out otherwise. */
  unreadable?: UnreadableReason;
  /** The provider's own words, at most 1,000 characters, with anything that looks like a key removed. */
  message: string;
  /** From Retry-After (seconds or date), retry-after-ms or Gemini's RetryInfo; null when not said. */
  retryAfterMs: number | null;
};

/** What had come out of a call when it ended early: enough to charge for it. */
export type Produced = {
  /**
   * All output seen, tool-call arguments included, concatenated: what is counted when no usage was reported.
   */
  text: string;
  /** Usage reported so far (Anthropic and Gemini report it while streaming), or null. */
  usage: Usage | null;
  /** The end of the text that the reported usage does not count yet; left out when it counts all. */
  uncounted?: string;
  /** Output that came and could not be read, at about this many tokens; left out when all of it was. */
  unreadTokens?: number;
};

/** What the provider says is left of its limits, from response headers; null fields were not said. */
export type ProviderLimits = {
  requestsLeft: number | null;
  tokensLeft: number | null;
  /**
   * A limit of which nothing was left is there again at this time, in ms of the epoch; null when there was
   * some of each.
   */
  usedUpUntilMs: number | null;
};

/**
 * Why a run was stopped before its provider answered: its job was cancelled or its client left, its deadline
 * passed, its process closes, or another process has the job.
 */
export type StopReason = 'cancelled' | 'expired' | 'shutdown' | 'lost';

/** How one call to a provider ended. Every way out of a provider is one of these; providers never throw. */
export type Answer =
  | {
      kind: 'completed';
      completion: ChatCompletion;
      /** The answer as it was billed, where the client is given less of it. */
      billed?: ChatCompletion;
      usage: Usage | null;
      limits: ProviderLimits | null;
      /** The tier that the provider says it served; null when it does not say. */
      serviceTier: string | null;
    }
  | { kind: 'failed'; failure: Failure; produced: Produced; limits: ProviderLimits | null }
  /** We stopped it ourselves, which says nothing about the provider. */
  | { kind: 'stopped'; reason: StopReason; produced: Produced }
  /** The answer went beyond a limit of ours, which `limit` names in words. */
  | { kind: 'stopped'; reason: 'limit'; limit: string; produced: Produced };
