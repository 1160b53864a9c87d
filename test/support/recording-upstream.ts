import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an upstream was asked: the bytes of the body as they came. */
export type RecordedCall = { path: string; headers: IncomingHttpHeaders; text: string };

/** An answer of one piece, or the events of a stream as they are to be written. */
export type RecordedReply =
  | { status?: number; json: string }
  | { events: { event?: string; data: string }[] };

export type RecordingUpstream = {
  url: string;
  calls: RecordedCall[];
  /** What is answered from now on. */
  reply: (call: RecordedCall) => RecordedReply;
  close(): Promise<void>;
};

/** A provider on loopback that writes down what it is asked and answers what it is told to. */
export async function startRecordingUpstream(): Promise<RecordingUpstream> {
  const calls: RecordedCall[] = [];
  const upstream: Pick<RecordingUpstream, 'reply'> = { reply: () => ({ status: 500, json: '{}' }) };
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const call = {
      path: request.url ?? '',
      headers: request.headers,
      text: Buffer.concat(pieces).toString(),
    };
    calls.push(call);
    const reply = upstream.reply(call);
    if ('json' in reply) {
      response.writeHead(reply.status ?? 200, { 'content-type': 'application/json' }).end(reply.json);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const { event, data } of reply.events) {
      response.write(`${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`);
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(upstream, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
