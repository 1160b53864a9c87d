import type { LimitReached } from './call-limits.ts';
import type { ExchangeRecord } from './exchange-record.ts';

/** What one call sends. */
export type WireRequest = {
  /** Behind the path of the provider's base URL. */
  path: string;
  /** Names and values in turn. */
  headers: readonly string[];
  body: string;
};

/** Takes the data of an event and its name, where it has one. Throws to end the call. */
export type OnEvent = (data: string, name: string | null) => void;

/**
 * One request and its answer, which the call asks for once. Keeps the limits, and remembers what happened.
 */
export type Exchange = {
  readonly record: ExchangeRecord;
  /** At most so much of the answer is held in memory. */
  readonly bytesMax: number;
  /** The text of a whole answer. Rejects with what went wrong; the record has what is known of it. */
  askWhole(request: WireRequest): Promise<string>;
  /**
   * Gives each event of a stream on as it comes, and an answer that came whole as the one event of it.
   * Resolves when the stream has ended or has sent its closing frame.
   */
  askStream(request: WireRequest, onEvent: OnEvent): Promise<void>;
  /** The first limit of ours that was reached, or null. */
  limitReached(): LimitReached | null;
  /** Ends the call because more of its answer is held than may be. */
  tooLarge(): void;
};
