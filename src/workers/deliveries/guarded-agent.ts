import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { refuseAddress, type TargetPolicy } from '../../shared/webhook-target.ts';

/** The target may not be contacted; no byte was sent to it. */
export class BlockedTarget extends Error {
  readonly code = 'ssrf_blocked';
}

const connectMs = 5000;
/** All that is read of an answer. */
export const answerBytesMax = 64 * 1024;

/**
 * Connections that reach public addresses only. Three checks, because each alone can be passed by: the literal in the URL
 * (no look-up is made for one), every answer of the look-up (one inside address refuses the name, and the checked answers
 * are the ones connected to), and the address the socket really has. Redirects are not followed by whoever uses it.
 */
export function createGuardedAgent(policy: TargetPolicy): Agent {
  const guardedLookup: LookupFunction = (hostname, _options, callback) => {
    resolve(hostname, { all: true, verbatim: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const refusal = addresses
        .map(({ address }) => refuseAddress(address, policy))
        .find((one) => one !== null);
      if (refusal !== undefined) return callback(new BlockedTarget(refusal), []);
      callback(null, addresses);
    });
  };
  const connect = buildConnector({ timeout: connectMs, lookup: guardedLookup });
  return new Agent({
    connect: (options, callback) => {
      const host = options.hostname.replace(/^\[|\]$/g, '');
      const refusal = isIP(host) === 0 ? null : refuseAddress(host, policy);
      if (refusal !== null) return callback(new BlockedTarget(refusal), null);
      connect(options, (error, socket) => {
        if (error !== null) return callback(error, null);
        const wrong = refuseAddress(socket.remoteAddress ?? '', policy);
        if (wrong === null) return callback(null, socket);
        socket.destroy();
        callback(new BlockedTarget(wrong), null);
      });
    },
    maxResponseSize: answerBytesMax,
    // One connection per post: a kept one could outlive the check of its name.
    pipelining: 0,
    keepAliveTimeout: 1,
  });
}
