import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

/** More than the head of an interim response ever is. */
const headBytesMax = 16 * 1024;
const headEnd = Buffer.from('\r\n\r\n');
/** As far as it shows an interim response: `HTTP/1.1 100`. */
const statusLineLength = 12;

/**
 * The same connector, but whoever reads from its sockets sees no interim responses (RFC 9110, 15.2: a client
 * must be able to take 100 Continue, 102, 103 unasked). Some servers send 100 at once, and undici destroys
 * the connection when it comes.
 */
export function skipInterimResponses(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error !== null) return callback(error, null);
      return callback(null, readFinalOnly(socket));
    });
}

/**
 * The socket of an HTTP/1.1 client that has one request at a time under way. Only between the head of a
 * request and the first byte of its final response is anything taken out, so that what looks like an interim
 * response in a body stays.
 */
function readFinalOnly<Connected extends Socket>(socket: Connected): Connected {
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let isAwaiting = true;
  let held: Buffer = Buffer.alloc(0);

  function readNext(size?: number): Buffer | null {
    for (;;) {
      const chunk = read(size) as Buffer | null;
      if (chunk === null || !isAwaiting) return chunk;
      const { final, rest } = dropInterim(held.length === 0 ? chunk : Buffer.concat([held, chunk]));
      held = rest;
      if (!final) continue;
      isAwaiting = false;
      held = Buffer.alloc(0);
      return rest;
    }
  }

  socket.read = readNext;
  socket.write = ((...args: unknown[]) => {
    // The head of a request is the only text that begins with a method.
    if (typeof args[0] === 'string' && /^[A-Z]+ /.test(args[0])) isAwaiting = true;
    return write(...args);
  }) as Connected['write'];
  return socket;
}

/**
 * What follows the interim responses that `bytes` begin with, and whether it is certain that they are over.
 */
function dropInterim(bytes: Buffer): { final: boolean; rest: Buffer } {
  let rest = bytes;
  for (;;) {
    const line = rest.toString('latin1', 0, statusLineLength);
    const isInterim = /^HTTP\/1\.\d 1(?!01)\d\d$/.test(line);
    if (!isInterim) return { final: line.length === statusLineLength || !mayBecomeInterim(line), rest };
    const end = rest.indexOf(headEnd);
    if (end === -1) return { final: rest.length > headBytesMax, rest };
    rest = rest.subarray(end + headEnd.length);
  }
}

function mayBecomeInterim(start: string): boolean {
  return 'HTTP/1.1 1'.startsWith(start) || 'HTTP/1.0 1'.startsWith(start) || /^HTTP\/1\.\d 1\d?$/.test(start);
}
