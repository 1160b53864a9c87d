import { connect, type Socket } from 'node:net';

/**
 * A connection to Postgres whose failure is told at once and in one piece.
 *
 * - Node emits `error` and, in a later turn, `close`. The driver `postgres` (3.4) fails what is under way at the first, frees
 *   the connection at the second, and loses a query that is issued in between: it never settles. Here both come in one turn.
 * - A network that swallows packets tells nothing. A server answers within the statement timeout, so a connection without a
 *   byte for longer than `silenceMs` is dead, or idle, and is given up.
 */
export async function openPostgresSocket(
  address: { host: string; port: number } | { path: string },
  silenceMs: number,
): Promise<Socket> {
  const socket = connect(address);
  holdErrorUntilClose(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed before it was open')));
  });
  socket.removeAllListeners('connect').removeAllListeners('error').removeAllListeners('close');
  socket.setNoDelay(true);
  socket.setTimeout(silenceMs, () => socket.destroy(lost()));
  // The driver names the host in its TLS handshake.
  return Object.assign(socket, 'host' in address ? { host: address.host } : {});
}

function lost(): Error {
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
