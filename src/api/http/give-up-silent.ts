import type { FastifyRequest } from 'fastify';
import { answerBrokenRequest } from './broken-request.ts';

const pollMs = 2000;

/**
 * Closes the connection of a client whose body is not whole and brings nothing for this long, for bodies that
 * are stored while they arrive. Call what it gives back when the body is there.
 */
export function giveUpSilent({ raw }: FastifyRequest, silenceMsMax: number): () => void {
  const { socket } = raw;
  let known = socket.bytesRead;
  let movedAt = performance.now();
  const timer = setInterval(() => {
    // What waits to be read was sent in time: then it is us who are slow.
    if (socket.bytesRead !== known || raw.readableLength > 0) {
      known = socket.bytesRead;
      movedAt = performance.now();
    }
    if (performance.now() - movedAt < silenceMsMax) return;
    clearInterval(timer);
    answerBrokenRequest(Object.assign(new Error('silent'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
    raw.destroy(new Error('the body stopped arriving'));
  }, pollMs).unref();
  return () => clearInterval(timer);
}
