import { type FaultProxy, startFaultProxy } from '../../tools/chaos/fault-proxy.ts';

export type Relay = FaultProxy & {
  /** The server's URL by way of the relay. */
  url: string;
};

/** A network before the server of this URL, which can be made to swallow what goes through it. */
export async function startRelay(url: string): Promise<Relay> {
  const { hostname, port, protocol } = new URL(url);
  const proxy = await startFaultProxy({
    target: { host: hostname, port: Number(port) },
    protocol: protocol.startsWith('postgres') ? 'postgres' : 'tcp',
  });
  const relayed = new URL(url);
  relayed.hostname = '127.0.0.1';
  relayed.port = String(proxy.port);
  return { ...proxy, url: relayed.href.replace(/\/$/, '') };
}
