import { Agent, type Dispatcher } from 'undici';
import { startLimits } from './call-limits.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { createGuardedFetch } from './guarded-fetch.ts';
import type { ProviderCall, ProviderSettings } from './provider.ts';

/** One call's way to the provider: a `fetch` for its SDK that keeps the limits and remembers what happened. */
export type Exchange = {
  fetch: typeof fetch;
  record: ExchangeRecord;
  limitReached(): string | null;
  /** Frees timers and socket; safe at any moment. */
  end(): void;
};

export type Transport = {
  open(call: ProviderCall): Exchange;
  close(): Promise<void>;
};

const connectTimeoutMs = 10_000;

/**
 * The sockets of one provider. Timeouts of undici are off because ours also bound trickles and the whole call; one request
 * at a time uses a socket, and a socket whose request was aborted is destroyed, so answers cannot be mixed up.
 */
export function createTransport(settings: ProviderSettings): Transport {
  const agent = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 1,
    connect: { timeout: Math.min(settings.headersTimeoutMs, connectTimeoutMs) },
  });
  return {
    open(call) {
      const record: ExchangeRecord = {
        asked: false,
        sent: false,
        status: null,
        headers: null,
        limits: null,
        errorBody: '',
      };
      const limits = startLimits(settings, call.signal);
      const dispatcher = watchSending(agent, record);
      return {
        fetch: createGuardedFetch({ call, record, limits, dispatcher }),
        record,
        limitReached: limits.reached,
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
function watchSending(agent: Agent, record: ExchangeRecord): Dispatcher {
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
