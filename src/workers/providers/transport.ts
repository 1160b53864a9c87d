import type { Dispatcher } from 'undici';
import { openAgent } from '../../shared/platform/outgoing/open-agent.ts';
import { noProxy } from '../../shared/platform/outgoing/proxy-for.ts';
import { answerBytesMax, eventBytesMax } from './answer-size.ts';
import { type LimitReached, startLimits } from './call-limits.ts';
import { type ExchangeRecord, newExchangeRecord } from './exchange-record.ts';
import { createGuardedFetch } from './guarded-fetch.ts';
import type { ProviderCall, ProviderSettings } from './provider.ts';

/**
 * One call's way to the provider: a `fetch` for its SDK that keeps the limits and remembers what happened.
 */
export type Exchange = {
  fetch: typeof fetch;
  record: ExchangeRecord;
  limitReached(): LimitReached | null;
  /** At most so much of the answer is held in memory. */
  bytesMax: number;
  /** Ends the call because its answer is more than that. */
  tooLarge(): void;
  /** Frees timers and socket; safe at any moment. */
  end(): void;
};

export type Transport = {
  open(call: ProviderCall): Exchange;
  close(): Promise<void>;
};

const connectTimeoutMs = 10_000;

/** The sockets of one provider; how long anything may take is decided by the limits of each call. */
export function createTransport(settings: ProviderSettings): Transport {
  const connectMs = Math.min(settings.headersTimeoutMs, connectTimeoutMs);
  const agent = openAgent({ proxy: settings.proxy ?? noProxy, connectMs });
  return {
    open(call) {
      const record = newExchangeRecord();
      const limits = startLimits(settings, call);
      const dispatcher = watchSending(agent, record);
      const bytesMax = answerBytesMax(call, settings.answerBytesMax);
      const unreadBytesMax = call.stream ? eventBytesMax(call, settings.answerBytesMax) : bytesMax;
      return {
        fetch: createGuardedFetch({ call, record, limits, dispatcher, unreadBytesMax }),
        record,
        bytesMax,
        limitReached: limits.reached,
        tooLarge: () => limits.abort('bytes'),
        end() {
          limits.stop();
          limits.abort();
        },
      };
    },
    close: () => agent.destroy(),
  };
}

/** undici announces a request to its handler only once it has a connection to write it on. */
function watchSending(agent: Dispatcher, record: ExchangeRecord): Dispatcher {
  return agent.compose((dispatch) => (options, handler) => {
    const onConnect = handler.onConnect?.bind(handler);
    const onRequestStart = handler.onRequestStart?.bind(handler);
    if (onRequestStart !== undefined) {
      handler.onRequestStart = (controller, context) => {
        record.sent = true;
        onRequestStart(controller, context);
      };
    } else if (onConnect !== undefined) {
      handler.onConnect = (abort) => {
        record.sent = true;
        onConnect(abort);
      };
    }
    return dispatch(options, handler);
  });
}
