import { type AddressInfo, createServer } from 'node:net';
import type { ConnectionKind } from './connection-kind.ts';
import type { CutRule } from './cut-rule.ts';
import {
  type NetworkFault,
  openProxiedConnection,
  type ProxiedConnection,
  type ProxySide,
} from './proxied-connection.ts';

/**
 * A network that fails on demand. One fault is in force at a time: each of `pass`, `refuse`, `blackhole`,
 * `delay`, `throttle` and `halfOpen` replaces the one before, at once, for the connections there are and
 * those to come.
 */
export type FaultProxy = {
  /** On 127.0.0.1. */
  port: number;
  /** How many clients' connections are open. */
  connections(): number;
  /** Nothing is wrong; who had fallen silent is reset. */
  pass(): void;
  /** New connections are reset; those there are go on. */
  refuse(): void;
  /** Resets every connection on both sides; returns how many. */
  cutAll(): number;
  /**
   * Nothing goes through the connections that are open now, for ever, and nothing is closed: a NAT that
   * forgot them, a host that is gone. Those to come are served. Returns how many.
   */
  silenceOpen(): number;
  /**
   * The same for the connections of one kind. With `alsoNew` those to come fall silent too, as soon as they
   * show to be of this kind, until `pass`.
   */
  silence(kind: ConnectionKind, alsoNew: boolean): number;
  /** Connections are accepted, and nothing goes through either way, not even an end. */
  blackhole(): void;
  /** Each byte arrives `ms` milliseconds later, either way; `only` on connections of one kind. */
  delay(ms: number, only?: ConnectionKind): void;
  /** For each connection and each way. */
  throttle(bytesPerSecond: number): void;
  /**
   * What the client sends arrives; the answers, and the server's end, are lost. Who lost something is reset
   * afterwards.
   */
  halfOpen(): void;
  /**
   * Cuts the connection at the next `times` statements whose text contains `contains`; for the protocol
   * `postgres`, throws for another. Stays through changes of the fault.
   *
   * - `before`: the server never gets the statement. What the client sent earlier on that connection may stay
   *   unanswered.
   * - `after`: the server has committed it, and the answer is lost. In a transaction it is the answer to the
   *   commit that is lost. Where the server undid the statement its answer passes, and another is waited for.
   *   The client's later statements on that connection are not sent.
   *
   * With `how: 'silence'` it is not reset but says nothing any more, either way.
   */
  cutOnQuery(rule: {
    contains: string;
    when: CutRule['when'];
    times: number;
    how?: CutRule['how'];
  }): CutOnQuery;
  /** Resets every connection and stops listening. */
  close(): Promise<void>;
};

export type CutOnQuery = {
  /** How many cuts were made. */
  hits(): number;
  cancel(): void;
};

/**
 * Starts a proxy to `target` on a free port of the loopback; `postgres` follows the protocol where it is not
 * encrypted.
 */
export async function startFaultProxy(options: {
  target: { host: string; port: number };
  protocol: ProxySide['protocol'];
}): Promise<FaultProxy> {
  const connections = new Set<ProxiedConnection>();
  const rules = new Set<CutRule>();
  const silentKinds = new Set<ConnectionKind>();
  let fault: NetworkFault = { kind: 'none' };

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    if (fault.kind === 'refuse') {
      client.on('error', () => undefined).resetAndDestroy();
      return;
    }
    const side = { ...options, rules, silentKinds, fault: () => fault };
    const connection = openProxiedConnection(client, side, () => connections.delete(connection));
    connections.add(connection);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });

  const reviewAll = () => {
    for (const connection of [...connections]) connection.review();
  };
  const change = (next: NetworkFault) => {
    fault = next;
    reviewAll();
  };
  const cutAll = () => {
    const open = [...connections];
    for (const connection of open) connection.cut();
    return open.length;
  };
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections.size,
    pass() {
      silentKinds.clear();
      for (const one of [...connections]) if (one.isSilent()) one.cut();
      change({ kind: 'none' });
    },
    refuse: () => change({ kind: 'refuse' }),
    cutAll,
    silenceOpen() {
      for (const connection of connections) connection.silence();
      return connections.size;
    },
    silence(kind, alsoNew) {
      if (alsoNew) silentKinds.add(kind);
      const meant = [...connections].filter((one) => one.kind() === kind && !one.isSilent());
      for (const connection of meant) connection.silence();
      return meant.length;
    },
    blackhole: () => change({ kind: 'blackhole' }),
    delay: (delayMs, only) => change({ kind: 'delay', delayMs, ...(only === undefined ? {} : { only }) }),
    throttle: (bytesPerSecond) => change({ kind: 'throttle', bytesPerSecond }),
    halfOpen: () => change({ kind: 'halfOpen' }),
    cutOnQuery({ contains, when, times, how = 'reset' }) {
      if (options.protocol !== 'postgres')
        throw new Error('queries are followed in the protocol postgres only');
      const rule: CutRule = { contains, when, how, left: times, hits: 0 };
      rules.add(rule);
      return {
        hits: () => rule.hits,
        cancel() {
          rules.delete(rule);
          reviewAll();
        },
      };
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cutAll();
      return closed;
    },
  };
}
