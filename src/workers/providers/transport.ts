import { openAgent } from '../../shared/platform/outgoing/open-agent.ts';
import { noProxy } from '../../shared/platform/outgoing/proxy-for.ts';
import type { Exchange } from './exchange.ts';
import { HttpExchange } from './http-exchange.ts';
import type { ProviderCall, ProviderSettings } from './provider.ts';

/** The sockets of one provider, and the exchange of each call over them. */
export type Transport = {
  open(call: ProviderCall): Exchange;
  close(): Promise<void>;
};

const connectTimeoutMs = 10_000;

/** How long anything may take once there is a connection is decided by the limits of each call. */
export function createTransport(settings: ProviderSettings): Transport {
  const connectMs = Math.min(settings.headersTimeoutMs, connectTimeoutMs);
  const dispatcher = openAgent({ proxy: settings.proxy ?? noProxy, connectMs });
  const { origin, pathname } = new URL(settings.baseUrl);
  const way = { dispatcher, origin, basePath: pathname.replace(/\/$/, '') };
  return {
    open: (call) => new HttpExchange(way, settings, call),
    close: () => dispatcher.destroy(),
  };
}
