import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import { openTunnel } from '../platform/outgoing/open-tunnel.ts';
import { type ProxySettings, proxyFor } from '../platform/outgoing/proxy-for.ts';
import { resultWithin } from '../platform/wait-at-most.ts';
import type { ResolveHost } from './resolve-host.ts';
import { mayContact, mayContactPort, type TargetPolicy } from './webhook-target.ts';

const connectMsMax = 5000;
/** A name that is not found by then is the proxy's to find. */
const lookMsMax = 1000;

/** The target is, or resolves to, an address that is not contacted. */
class BlockedTarget extends Error {
  readonly code = 'ssrf_blocked';
  constructor() {
    super('the address is not a public one');
  }
}

/**
 * Connects only where webhooks may go, checked three times: the literal (Node never looks a literal up),
 * every answer of one lookup (one inside address among them refuses all; the same answers are then connected
 * to, so a name cannot change its mind), and the address that was reached. Certificates are still checked
 * against the name.
 *
 * Where webhooks leave through a proxy it is the proxy that looks names up and connects. Literals, and names
 * that this host can look up, are checked all the same before it is asked; what a name means to the proxy is
 * the proxy's to guard.
 */
export function createGuardedConnector(
  deps: { policy: TargetPolicy; resolve: ResolveHost; proxy: ProxySettings },
  onConnected: (remoteIp: string | null) => void,
): buildConnector.connector {
  const { policy, resolve } = deps;

  const lookup: LookupFunction = (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const blocked =
          addresses.length === 0 || !addresses.every(({ address }) => mayContact(address, policy));
        if (blocked) return callback(new BlockedTarget(), '', 0);
        if (options.all === true) return callback(null, addresses);
        const [first] = addresses as [LookupAddress];
        return callback(null, first.address, first.family);
      },
      // One word for both: which names are known inside is nobody's business who may not send there.
      (error: NodeJS.ErrnoException) =>
        callback(isUnknownName(error) && !policy.allowPrivate ? new BlockedTarget() : error, '', 0),
    );
  };
  const connect = buildConnector({ timeout: connectMsMax, lookup, minVersion: 'TLSv1.2' });

  async function connectThrough(proxy: URL, target: buildConnector.Options, host: string): Promise<Socket> {
    const looking = isIP(host) !== 0 ? Promise.resolve([]) : resolve(host);
    const addresses = await resultWithin(lookMsMax, looking, 'the resolver').catch(() => []);
    if (!addresses.every(({ address }) => mayContact(address, policy))) throw new BlockedTarget();
    const port = target.port || (target.protocol === 'https:' ? '443' : '80');
    const tunnel = await openTunnel(proxy, `${target.hostname}:${port}`, connectMsMax);
    if (target.protocol !== 'https:') return tunnel;
    return await new Promise((done, fail) => {
      connect(
        { ...target, hostname: host, httpSocket: tunnel } as buildConnector.Options,
        (...[error, socket]) => (error === null ? done(socket as Socket) : fail(error)),
      );
    });
  }

  return (target, callback) => {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    const allowed = mayContactPort(String(target.port ?? ''), policy);
    if (!allowed || (isIP(host) !== 0 && !mayContact(host, policy)))
      return callback(new BlockedTarget(), null);
    const proxy = proxyFor(new URL(`${target.protocol}//${target.host ?? target.hostname}`), deps.proxy);
    if (proxy !== null) {
      connectThrough(proxy, target, host).then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      );
      return;
    }
    const socket = connect({ ...target, hostname: host }, (...result) => {
      const [error, connected] = result;
      if (error !== null) return callback(error, null);
      if (!reached(connected, policy)) return callback(refuse(connected), null);
      onConnected(connected.remoteAddress ?? null);
      return callback(null, connected);
    }) as unknown as Socket | undefined;
    // With TLS the callback comes after the handshake; this comes before its first byte.
    socket?.prependOnceListener?.('connect', () => {
      if (!reached(socket, policy)) socket.destroy(new BlockedTarget());
      // Said even if the handshake then fails.
      else onConnected(socket.remoteAddress ?? null);
    });
  };
}

/** What resolvers say of a name that has no address. */
function isUnknownName({ code }: NodeJS.ErrnoException): boolean {
  return ['ENOTFOUND', 'ENODATA', 'EAI_NONAME', 'EAI_NODATA'].includes(code ?? '');
}

function reached(socket: Socket, policy: TargetPolicy): boolean {
  return socket.remoteAddress !== undefined && mayContact(socket.remoteAddress, policy);
}

function refuse(socket: Socket): BlockedTarget {
  const error = new BlockedTarget();
  socket.destroy(error);
  return error;
}
