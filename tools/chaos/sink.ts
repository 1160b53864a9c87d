import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A receiver of webhooks that nobody asks what it got. */
export type Sink = {
  /** Answers 200 at once. */
  url: string;
  /** Takes what is sent and says nothing. */
  hangingUrl: string;
  /** How many requests hang now. */
  hanging(): number;
  close(): Promise<void>;
};

export async function startSink(): Promise<Sink> {
  let hanging = 0;
  const server = createServer((request, response) => {
    request.resume();
    response.on('error', () => undefined);
    if (request.url !== '/hang') {
      response.writeHead(200).end();
      return;
    }
    hanging += 1;
    response.on('close', () => {
      hanging -= 1;
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    hangingUrl: `http://127.0.0.1:${port}/hang`,
    hanging: () => hanging,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}
