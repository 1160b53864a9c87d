import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** A client that is still sending has this long to read its answer before the connection is cut. */
const lingerMs = 1000;

/**
 * Closes the connection with every answer that is given before the body was read, and with every refused
 * credential: a stranger would else make the server take in whatever he goes on sending.
 */
export function closeUnread(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    closeAfter(request, reply);
    return payload;
  });
}

/** Does so for one answer. */
export function closeAfter(request: Pick<FastifyRequest, 'raw'>, reply: FastifyReply): void {
  const unread = isUnread(request.raw);
  if (unread || reply.statusCode === 401) reply.header('connection', 'close');
  if (unread) stopReading(request.raw);
}

function isUnread({ complete, headers }: IncomingMessage): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return complete === false && hasBody;
}

/**
 * Reads no more than a buffer of what comes. Node would read on until its answer is written and then cut the
 * connection, and a client whose bytes nobody read is told of that (by a reset) before it is told the answer;
 * so our side is closed, and the cut comes later.
 */
function stopReading(request: IncomingMessage): void {
  const { socket } = request;
  request.read(0);
  socket.destroySoon = () => {
    socket.end();
    setTimeout(() => socket.destroy(), lingerMs).unref();
  };
}
