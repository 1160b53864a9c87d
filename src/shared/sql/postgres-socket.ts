import { connect, type Socket } from 'node:net';

type Address = { path: string | false; host: string[]; port: number[] };

/**
 * A connection to Postgres whose failure is told at once and in one piece; for the driver's option `socket`.
 *
 * - Node emits `error` and, in a later turn, `close`. The driver `postgres` (3.4) fails what is under way at the first, frees
 *   the connection at the second, and loses a query that is issued in between: it never settles. Here both come in one turn.
 * - A network that swallows packets tells nothing. A server answers within the statement timeout, so a connection without a
 *   byte for longer than `silenceMs` is dead, or idle, and is given up.
 *
 * Of several hosts the first is taken: a failover is the business of whoever owns the name.
 */
export function openPostgresSocket({ path, host, port }: Address, silenceMs: number): Socket {
  const name = host[0] ?? 'localhost';
  const socket = path === false ? connect({ host: name, port: port[0] ?? 5432 }) : connect({ path });
  holdErrorUntilClose(socket);
  socket.setNoDelay(true);
  socket.setTimeout(silenceMs, () => socket.destroy(silent()));
  // The driver names the host in its TLS handshake.
  return Object.assign(socket, { host: name });
}

function silent(): Error {
  return Object.assign(new Error('no answer from Postgres'), { code: 'ETIMEDOUT' });
}

function holdErrorUntilClose(socket: Socket): void {
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean;
  let held: { error: unknown } | null = null;
  socket.emit = (event: string | symbol, ...values: unknown[]) => {
    if (event === 'error') {
      held = { error: values[0] };
      return true;
    }
    if (event === 'close' && held !== null) {
      const { error } = held;
      held = null;
      emit('error', error);
    }
    return emit(event, ...values);
  };
}
