import type { ProviderLimits } from '../../shared/chat/call-result.ts';

/**
 * What is known of one HTTP exchange, whatever the SDK makes of it: the outcome is read from here, not from
 * its errors.
 */
export type ExchangeRecord = {
  /** The SDK got as far as asking for the request. */
  asked: boolean;
  /** A connection existed and the request went on it: from here on the provider may have executed it. */
  sent: boolean;
  status: number | null;
  headers: Headers | null;
  /** What its headers reported of its limits. */
  limits: ProviderLimits | null;
  /**
   * Decoded bytes of the body that nobody has read yet: all of a whole answer, of a stream those since its
   * last event.
   */
  unreadBytes: number;
  /** Numbers of its body with more digits than JavaScript holds were marked, for the SDK to carry them. */
  marked: boolean;
  /** Body of an error answer, at most 64 KiB. */
  errorBody: string;
  /** An answer with status 200, or an event of one, that is an error; null when none was. */
  errorInside: unknown;
  /** The stream sent its closing frame (`[DONE]`): what came was all of it. */
  isDone: boolean;
};

/** That of an exchange which has not begun. */
export function newExchangeRecord(): ExchangeRecord {
  return {
    asked: false,
    sent: false,
    status: null,
    headers: null,
    limits: null,
    unreadBytes: 0,
    marked: false,
    errorBody: '',
    errorInside: null,
    isDone: false,
  };
}
