import { type Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { skipInterimResponses } from './interim-responses.ts';
import type { ProxySettings } from './proxy-for.ts';

type AgentOptions = {
  proxy: ProxySettings;
  /** For a connection, and for a proxy's answer to CONNECT. */
  connectMs: number;
};

/**
 * Connections to whoever the operator has named: through the proxy of the environment where there is one,
 * over plain HTTP by asking it and over TLS by a tunnel. Timeouts of undici are off, since its users have
 * clocks of their own that also bound trickles; one request at a time uses a socket, and a socket whose
 * request was aborted is destroyed, so answers cannot be mixed up.
 */
export function openAgent({ proxy, connectMs }: AgentOptions): Dispatcher {
  const factory = (origin: string | URL, options: object): Dispatcher => {
    const { connect } = options as Agent.Options;
    const connector =
      typeof connect === 'function' ? connect : buildConnector({ timeout: connectMs, ...connect });
    return new Pool(origin, { ...options, connect: skipInterimResponses(connector) });
  };
  const options = {
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 1,
    connect: { timeout: connectMs },
    factory,
    // An empty text: not even what undici finds in the environment.
    httpProxy: proxy.http ?? '',
    httpsProxy: proxy.https ?? proxy.http ?? '',
    noProxy: proxy.except,
    proxyTunnel: false,
    proxyTls: { timeout: connectMs },
    requestTls: { timeout: connectMs },
    clientFactory: (origin: URL, given: object) => new Pool(origin, { ...given, headersTimeout: connectMs }),
  };
  return new EnvHttpProxyAgent(options as EnvHttpProxyAgent.Options);
}
