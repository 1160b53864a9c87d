import type { AddressInfo } from 'node:net';
import { createServer, type Server, Socket } from 'node:net';
import { createFramer, createStatementFollower } from './postgres-frames.ts';

/** A rule that cuts connections on a statement, and how often it did. */
export type QueryCut = { hits(): number; cancel(): void };

/** A link between two processes that can be made to fail; what it does holds for live connections and new ones alike. */
export type FaultProxy = {
  port: number;
  /** Ends every lasting fault. */
  pass(): void;
  /** New connections are reset. */
  refuse(): void;
  /** Resets every live connection; how many. */
  cutAll(): number;
  /** Nothing goes through in either direction; connections stay open. */
  blackhole(): void;
  /** Requests go through, answers do not. */
  halfOpen(): void;
  delay(ms: number): void;
  /**
   * For Postgres: cuts the connection when a statement with this text is run, `before` the server sees it or `after` it has
   * committed and before its answer is passed on.
   */
  cutOnQuery(rule: { contains: string; when: 'before' | 'after'; times: number }): QueryCut;
  close(): Promise<void>;
};

type Mode = { kind: 'pass' | 'refuse' | 'blackhole' | 'halfOpen' } | { kind: 'delay'; ms: number };
type Rule = { contains: string; when: 'before' | 'after'; left: number; hits: number };

/** Starts a proxy on a free port of the loopback. */
export async function startFaultProxy(options: {
  target: { host: string; port: number };
  protocol: 'tcp' | 'postgres';
}): Promise<FaultProxy> {
  let mode: Mode = { kind: 'pass' };
  let rules: Rule[] = [];
  const live = new Set<{ cut(): void; resume(): void }>();

  const server = createServer({ noDelay: true }, (client) => {
    if (mode.kind === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const upstream = new Socket().setNoDelay(true).connect(options.target);
    const link = join(client, upstream);
    live.add(link);
    client.once('close', () => live.delete(link));
  });

  function join(client: Socket, upstream: Socket): { cut(): void; resume(): void } {
    let isCut = false;
    const cut = () => {
      isCut = true;
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    };
    const toUpstream = createPipe(
      upstream,
      () => mode.kind === 'blackhole',
      () => mode,
    );
    const toClient = createPipe(
      client,
      () => mode.kind === 'blackhole' || mode.kind === 'halfOpen',
      () => mode,
    );
    const filter = options.protocol === 'postgres' ? createQueryFilter(() => rules, cut) : null;
    client.on('data', (chunk: Buffer) => {
      for (const part of filter === null ? [chunk] : filter.fromClient(chunk))
        if (!isCut) toUpstream.write(part);
    });
    upstream.on('data', (chunk: Buffer) => {
      const parts = filter === null ? [chunk] : filter.fromServer(chunk);
      for (const part of parts) if (!isCut) toClient.write(part);
    });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('error', () => to.destroy());
      from.on('end', () => to.end());
      from.on('close', () => to.destroy());
    }
    return {
      cut,
      resume: () => {
        toUpstream.resume();
        toClient.resume();
      },
    };
  }

  const setMode = (next: Mode) => {
    mode = next;
    for (const link of live) link.resume();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    pass: () => setMode({ kind: 'pass' }),
    refuse: () => setMode({ kind: 'refuse' }),
    blackhole: () => setMode({ kind: 'blackhole' }),
    halfOpen: () => setMode({ kind: 'halfOpen' }),
    delay: (ms) => setMode({ kind: 'delay', ms }),
    cutAll: () => {
      const links = [...live];
      for (const link of links) link.cut();
      return links.length;
    },
    cutOnQuery: ({ contains, when, times }) => {
      const rule: Rule = { contains, when, left: times, hits: 0 };
      rules.push(rule);
      return {
        hits: () => rule.hits,
        cancel: () => {
          rules = rules.filter((other) => other !== rule);
        },
      };
    },
    close: () => closeServer(server, live),
  };
}

/** One direction of a connection. What is held back goes through later, in order, as a network that heals would do. */
function createPipe(to: Socket, isHeld: () => boolean, mode: () => Mode) {
  let held: Buffer[] = [];
  let tail = Promise.resolve();
  function write(chunk: Buffer): void {
    if (isHeld() || held.length > 0) {
      held.push(chunk);
      return;
    }
    const now = mode();
    const ms = now.kind === 'delay' ? now.ms : 0;
    if (ms === 0) {
      void tail.then(() => to.write(chunk));
      return;
    }
    const due = new Promise<void>((resolve) => setTimeout(resolve, ms));
    tail = tail.then(() => due).then(() => void to.write(chunk));
  }
  return {
    write,
    resume: () => {
      if (isHeld()) return;
      const waiting = held;
      held = [];
      for (const chunk of waiting) write(chunk);
    },
  };
}

/** Looks at the statements of one connection and cuts it where a rule says so. */
function createQueryFilter(rules: () => Rule[], cut: () => void) {
  const client = createFramer('frontend');
  const server = createFramer('backend');
  const statementOf = createStatementFollower();
  let sawSslRequest = false;
  // Every Sync and every simple query is answered by one ReadyForQuery, in order; the first of all ends the startup.
  let asked = 1;
  let answered = 0;
  let cutAtAnswer: number | null = null;

  function ruleFor(statement: string | null): Rule | null {
    if (statement === null) return null;
    const rule = rules().find(({ contains, left }) => left > 0 && statement.includes(contains));
    if (rule === undefined) return null;
    rule.left -= 1;
    rule.hits += 1;
    return rule;
  }

  function passed(chunk: Buffer): Buffer[] {
    const through: Buffer[] = [];
    for (const { type, bytes } of server.push(chunk)) {
      const isSwallowed = cutAtAnswer !== null && answered + 1 >= cutAtAnswer;
      if (type === 'Z') answered += 1;
      // It comes after the commit.
      if (type === 'Z' && isSwallowed) cut();
      if (!isSwallowed) through.push(bytes);
    }
    return through;
  }

  return {
    fromClient: (chunk: Buffer): Buffer[] => {
      const through: Buffer[] = [];
      for (const message of client.push(chunk)) {
        if (message.type === '' && message.bytes.length === 8) sawSslRequest = true;
        const rule = ruleFor(statementOf(message));
        if (rule?.when === 'before') {
          cut();
          return [];
        }
        if (rule !== null) cutAtAnswer ??= asked + 1;
        if (message.type === 'S' || message.type === 'Q') asked += 1;
        through.push(message.bytes);
      }
      return through;
    },
    fromServer: (chunk: Buffer): Buffer[] => {
      if (!sawSslRequest) return passed(chunk);
      // The answer to an SSLRequest is a single letter and no message.
      sawSslRequest = false;
      return [chunk.subarray(0, 1), ...passed(chunk.subarray(1))];
    },
  };
}

async function closeServer(server: Server, live: ReadonlySet<{ cut(): void }>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const link of live) link.cut();
  await closed;
}
