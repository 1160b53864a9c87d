import { Client } from 'undici';
import { skipInterimResponses } from '../platform/outgoing/interim-responses.ts';
import { noProxy, type ProxySettings } from '../platform/outgoing/proxy-for.ts';
import { createGuardedConnector } from './guarded-connector.ts';
import type { ResolveHost } from './resolve-host.ts';
import type { TargetPolicy } from './webhook-target.ts';

/** An idle connection is kept for this long: shorter than the receivers we know close theirs. */
const idleMs = 2000;
const idlePerOriginMax = 8;
const totalMsMax = 15_000;

/** One connection to one origin, for one POST at a time. */
type Connection = {
  client: Client;
  /** The address it is connected to, once it is. */
  remoteIp(): string | null;
};

export type Connections = {
  take(origin: string): Connection;
  /** `reusable`: the answer was read to its end. */
  release(origin: string, connection: Connection, reusable: boolean): void;
  close(): Promise<void>;
};

/** Connections to receivers, kept a moment for the next delivery to the same origin. */
export function createConnections(deps: {
  policy: TargetPolicy;
  resolve: ResolveHost;
  proxy?: ProxySettings;
}): Connections {
  const { policy, resolve, proxy = noProxy } = deps;
  const idle = new Map<string, Set<Connection>>();

  function open(origin: string): Connection {
    let remoteIp: string | null = null;
    const guarded = createGuardedConnector({ policy, resolve, proxy }, (ip) => {
      remoteIp = ip;
    });
    const connect = skipInterimResponses(guarded);
    const client = new Client(origin, {
      connect: (options, done) => {
        // A client that connects again says nothing of the address it had before.
        remoteIp = null;
        connect(options, done);
      },
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      headersTimeout: totalMsMax,
      bodyTimeout: totalMsMax,
    });
    return { client, remoteIp: () => remoteIp };
  }

  function takeOut(origin: string, connection: Connection): boolean {
    const kept = idle.get(origin);
    const was = kept?.delete(connection) ?? false;
    if (kept?.size === 0) idle.delete(origin);
    return was;
  }

  return {
    take: (origin) => {
      const [connection] = idle.get(origin) ?? [];
      if (connection === undefined) return open(origin);
      takeOut(origin, connection);
      return connection;
    },
    release: (origin, connection, reusable) => {
      const kept = idle.get(origin) ?? new Set();
      if (!reusable || kept.size >= idlePerOriginMax) {
        void connection.client.destroy().catch(() => undefined);
        return;
      }
      idle.set(origin, kept.add(connection));
      setTimeout(() => {
        if (takeOut(origin, connection)) void connection.client.destroy().catch(() => undefined);
      }, idleMs).unref();
    },
    close: async () => {
      const connections = [...idle.values()].flatMap((kept) => [...kept]);
      idle.clear();
      await Promise.all(connections.map(({ client }) => client.destroy().catch(() => undefined)));
    },
  };
}
