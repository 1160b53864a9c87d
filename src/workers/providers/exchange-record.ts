import type { ProviderLimits } from '../../shared/chat/call-result.ts';
import type { AnswerHeaders } from './answer-headers.ts';

/** What is known of one HTTP exchange: the outcome of a call is read from here. */
export type ExchangeRecord = {
  /** The request was handed over to be sent. */
  asked: boolean;
  /** A connection existed and the request went on it: from here on the provider may have executed it. */
  sent: boolean;
  status: number | null;
  headers: AnswerHeaders | null;
  /** What its headers reported of its limits. */
  limits: ProviderLimits | null;
  /**
   * Decoded bytes of the body that nobody has read yet: all of a whole answer, of a stream those since its
   * last event.
   */
  unreadBytes: number;
  /** Body of an error answer, at most 64 KiB. */
  errorBody: string;
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
    errorBody: '',
    isDone: false,
  };
}
