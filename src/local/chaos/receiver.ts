import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type ReceivedWebhook = {
  id: string;
  timestamp: string;
  signature: string;
  body: Buffer;
  /** What it was answered with: `ok`, or the fault. */
  answered: string;
};

/** How likely each fault is. `resetAfter` takes the webhook and then breaks the connection: its sender cannot know. */
export type ReceiverFaults = {
  error500: number;
  reset: number;
  resetAfter: number;
  slow: number;
  redirect: number;
  huge: number;
  hang: number;
};
export const noReceiverFaults: ReceiverFaults = {
  error500: 0,
  reset: 0,
  resetAfter: 0,
  slow: 0,
  redirect: 0,
  huge: 0,
  hang: 0,
};

/** The witness of webhooks: keeps the raw bytes of everything it took, and fails as it is told to. */
export type Receiver = {
  url: string;
  setFaults(faults: ReceiverFaults): void;
  /** What it has taken: answered with 2xx, or broken off after it was read. */
  received(): ReceivedWebhook[];
  /** How many of each fault there were. */
  faults(): Record<string, number>;
  close(): Promise<void>;
};

const slowMs = 600;
const hugeBytes = 2 * 1024 * 1024;

export async function startReceiver(options: { random(): number }): Promise<Receiver> {
  let faults = noReceiverFaults;
  const taken: ReceivedWebhook[] = [];
  const done: Record<string, number> = {};

  function drawFault(): keyof ReceiverFaults | 'ok' {
    let left = options.random();
    for (const [kind, probability] of Object.entries(faults) as [keyof ReceiverFaults, number][]) {
      if (left < probability) return kind;
      left -= probability;
    }
    return 'ok';
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const answered = drawFault();
    if (answered !== 'ok') done[answered] = (done[answered] ?? 0) + 1;
    const header = (name: string) => String(request.headers[name] ?? '');
    const webhook = {
      id: header('webhook-id'),
      timestamp: header('webhook-timestamp'),
      signature: header('webhook-signature'),
      body,
      answered,
    };
    if (['ok', 'slow', 'huge', 'resetAfter'].includes(answered)) taken.push(webhook);
    if (answered === 'slow') await new Promise((resolve) => setTimeout(resolve, slowMs));
    send(response, answered);
  }

  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    answer(request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    setFaults: (next) => {
      faults = next;
    },
    received: () => taken,
    faults: () => done,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(response: ServerResponse, answered: keyof ReceiverFaults | 'ok'): void {
  switch (answered) {
    case 'error500':
      response.writeHead(500).end('no');
      return;
    case 'redirect':
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
      return;
    case 'reset':
    case 'resetAfter':
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      return;
    case 'huge':
      response.writeHead(200).end(Buffer.alloc(hugeBytes));
      return;
    case 'slow':
    case 'ok':
      response.writeHead(204).end();
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
