import { Socket } from 'node:net';
import { type ConnectionKind, readPostgresKind, readRedisKind } from './connection-kind.ts';
import type { CutRule, Middle } from './cut-rule.ts';
import { openLane, type Pace } from './lane.ts';
import { followPostgres, type PostgresFollower } from './postgres-follower.ts';

/** What is wrong with the network: one thing at a time. */
export type NetworkFault =
  | { kind: 'none' | 'refuse' | 'blackhole' | 'halfOpen' }
  /** `only`: of connections of one kind. */
  | { kind: 'delay'; delayMs: number; only?: ConnectionKind }
  | { kind: 'throttle'; bytesPerSecond: number };

/** What a connection needs to know of its proxy. */
export type ProxySide = {
  target: { host: string; port: number };
  protocol: 'tcp' | 'redis' | 'postgres';
  rules: ReadonlySet<CutRule>;
  /** Connections that show to be of such a kind fall silent. */
  silentKinds: ReadonlySet<ConnectionKind>;
  fault(): NetworkFault;
};

/** One client's connection, and the one made to the target for it. */
export type ProxiedConnection = {
  /** To be called when the fault or the rules have changed. */
  review(): void;
  /**
   * Nothing goes through any more, either way, whatever the fault, nor what was read before; nothing is
   * closed.
   */
  silence(): void;
  isSilent(): boolean;
  /** As far as it has shown. Null where the protocol does not say. */
  kind(): ConnectionKind | null;
  /** Resets both sides. */
  cut(): void;
};

/**
 * Joins a client to the target, which is called when something may pass. `onEnd` is called once, when both
 * sides have ended or the connection was cut. A connection that lost bytes, or an end, to a fault is reset
 * when the fault is over: TCP never loses a piece from the middle and goes on.
 */
export function openProxiedConnection(
  client: Socket,
  proxy: ProxySide,
  onEnd: () => void,
): ProxiedConnection {
  const fault = (): NetworkFault => (isSilent ? { kind: 'blackhole' } : proxy.fault());
  const server = new Socket({ allowHalfOpen: true });
  let isDialled = false;
  let hasLost = false;
  let isSilent = false;
  let isOver = false;

  const isMute = () => fault().kind === 'halfOpen';
  const toClient = (bytes: Buffer) => {
    if (isMute()) hasLost = true;
    else write(client, bytes);
  };
  const end = (how: CutRule['how']) => (how === 'reset' ? cut() : silence());
  const follower = follow(proxy, { toServer: (bytes) => write(server, bytes), toClient, end });
  const pace = () => paceOf(forKind(fault(), follower.kind()), isDialled && !server.connecting);
  const up = openLane({
    source: client,
    pace,
    deliver: (bytes) => together([client, server], () => follower.fromClient(bytes)),
    finish: () => server.end(),
    isBlocked: () => server.writableNeedDrain,
  });
  const down = openLane({
    source: server,
    pace,
    deliver: (bytes) => together([client, server], () => follower.fromServer(bytes)),
    finish() {
      if (isMute()) hasLost = true;
      else client.end();
    },
    isBlocked: () => client.writableNeedDrain,
  });

  function finish(): void {
    if (isOver) return;
    isOver = true;
    for (const part of [follower, up, down]) part.stop();
    onEnd();
  }

  function silence(): void {
    isSilent = true;
    follower.stop();
  }

  function cut(): void {
    finish();
    // A reset drops what was not yet written, and earlier answers are not part of the cut.
    client.uncork();
    for (const socket of [client, server]) reset(socket);
  }

  function onClose(hadError: boolean, isHidden: boolean): void {
    if (!hadError && client.destroyed && server.destroyed) finish();
    else if (hadError && isHidden) hasLost = true;
    else if (hadError) cut();
  }

  function review(): void {
    if (isOver) return;
    if (hasLost && !isMute() && fault().kind !== 'blackhole') {
      cut();
      return;
    }
    if (!isDialled && fault().kind !== 'blackhole') {
      isDialled = true;
      server.connect(proxy.target.port, proxy.target.host);
    }
    together([client, server], follower.review);
    up.pump();
    down.pump();
  }

  for (const socket of [client, server]) socket.setNoDelay(true).on('error', () => undefined);
  client.on('drain', down.pump).on('close', (hadError) => onClose(hadError, fault().kind === 'blackhole'));
  server.on('connect', review).on('drain', up.pump);
  server.on('close', (hadError) => onClose(hadError, isMute() || fault().kind === 'blackhole'));
  review();
  return { review, silence, isSilent: () => isSilent, kind: follower.kind, cut };
}

/** The fault, as it is for a connection of this kind. */
function forKind(fault: NetworkFault, kind: ConnectionKind | null): NetworkFault {
  if (fault.kind !== 'delay' || fault.only === undefined || fault.only === kind) return fault;
  return { kind: 'none' };
}

type Follower = PostgresFollower & { kind(): ConnectionKind | null };

/** Understands as much of what is said as the protocol allows. */
function follow({ protocol, rules, silentKinds }: ProxySide, middle: Middle): Follower {
  const nothing = () => undefined;
  const plain = { fromClient: middle.toServer, fromServer: middle.toClient, review: nothing, stop: nothing };
  if (protocol === 'tcp') return { ...plain, kind: () => null };
  const [follower, reader] =
    protocol === 'redis' ? [plain, readRedisKind()] : [followPostgres(middle, rules), readPostgresKind()];
  return {
    ...follower,
    kind: reader.kind,
    fromClient(bytes) {
      reader.read(bytes);
      if (silentKinds.has(reader.kind())) middle.end('silence');
      else follower.fromClient(bytes);
    },
  };
}

function paceOf(fault: NetworkFault, isConnected: boolean): Pace {
  return {
    stopped: !isConnected || fault.kind === 'blackhole',
    delayMs: fault.kind === 'delay' ? fault.delayMs : 0,
    bytesPerSecond: fault.kind === 'throttle' ? fault.bytesPerSecond : Number.POSITIVE_INFINITY,
  };
}

function write(socket: Socket, bytes: Buffer): void {
  if (bytes.length > 0 && !socket.destroyed && !socket.writableEnded) socket.write(bytes);
}

/** What is written meanwhile goes out at once, not message by message. */
function together(sockets: Socket[], write: () => void): void {
  for (const socket of sockets) socket.cork();
  write();
  for (const socket of sockets) socket.uncork();
}

function reset(socket: Socket): void {
  // A reset fails on a socket that is only connecting, or in the middle of its own end.
  const isBetween = socket.connecting || (socket.writableEnded && !socket.writableFinished);
  if (isBetween) socket.destroy();
  else socket.resetAndDestroy();
}
