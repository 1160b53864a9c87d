import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pause } from '../simulator/http-tools.ts';

/**
 * How likely each misbehaviour is, in [0, 1]; a request meets one at most, so together they are at most 1.
 *
 * - `error500`: status 500. `redirect`: 307 to `/redirected` here, where a sender that follows would be seen.
 * - `reset`: the socket is reset before the body is read, and nothing is recorded. `resetAfter`: the webhook
 *   is taken and recorded, then the socket is reset: the sender cannot know.
 * - `slow`: 200 after `ms`. `huge`: 200 with 8 MiB. `hang`: silence until the sender or `close()` ends it.
 */
export type ReceiverFaults = {
  error500: number;
  reset: number;
  resetAfter: number;
  slow: { p: number; ms: number };
  redirect: number;
  huge: number;
  hang: number;
};

type FaultName = keyof ReceiverFaults;

/** One webhook, as it came. A header that was missing is an empty string. */
export type ReceivedWebhook = {
  at: Date;
  /** With the query. */
  path: string;
  /** Header `webhook-id`. */
  id: string;
  /** Header `webhook-timestamp`: seconds since 1970, as the text that was signed. */
  timestamp: string;
  /** Header `webhook-signature`. */
  signature: string;
  body: Buffer;
  /** `ok` (status 200), or the fault that was done. */
  answered: 'ok' | Exclude<FaultName, 'reset'>;
};

/** The witness of a chaos run: what it holds was received, whatever the sender came to believe. */
export type Receiver = {
  /** Bare: every path is taken. */
  url: string;
  /**
   * In force from the next request on; a fault that is left out no longer happens. Throws a RangeError above
   * 1 in sum.
   */
  setFaults(faults: Partial<ReceiverFaults>): void;
  /** In the order of arrival; recorded before the answer is begun. */
  received(): ReceivedWebhook[];
  /** How many requests met each fault. */
  faults(): Record<string, number>;
  /** Ends every open request too. */
  close(): Promise<void>;
};

/**
 * Longer than any sender keeps an idle socket, so that an undisturbed request is never met by a close of this
 * side.
 */
const keepAliveMs = 120_000;

const hugeBytes = 8 * 2 ** 20;

/**
 * Starts an HTTP server on the loopback that takes webhooks; `random`, in [0, 1), is drawn once per request,
 * as it arrives.
 */
export async function startReceiver({ random }: { random: () => number }): Promise<Receiver> {
  const received: ReceivedWebhook[] = [];
  const done: Record<string, number> = {};
  let faults: Partial<ReceiverFaults> = {};

  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    const drawn = faults;
    const fault = pickFault(drawn, random());
    if (fault !== null) done[fault] = (done[fault] ?? 0) + 1;
    if (fault === 'reset') return void request.socket.resetAndDestroy();
    void readBody(request).then((body) => {
      if (body === null) return;
      received.push(toWebhook(request, body, fault ?? 'ok'));
      return answer(response, fault, drawn.slow?.ms ?? 0);
    });
  });
  server.keepAliveTimeout = keepAliveMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    setFaults(next) {
      const sum = probabilities(next).reduce((total, [, p]) => total + p, 0);
      // A little more than 1 is what ten tenths add up to.
      if (sum > 1 + 1e-9) throw new RangeError(`the faults' probabilities add up to ${sum}`);
      faults = next;
    },
    received: () => [...received],
    faults: () => ({ ...done }),
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function probabilities(faults: Partial<ReceiverFaults>): [FaultName, number][] {
  return Object.entries(faults).map(([name, value]) => [
    name as FaultName,
    typeof value === 'number' ? value : value.p,
  ]);
}

function pickFault(faults: Partial<ReceiverFaults>, drawn: number): FaultName | null {
  let below = 0;
  for (const [name, p] of probabilities(faults)) {
    below += p;
    if (drawn < below) return name;
  }
  return null;
}

/** Null when the sender left before the end: that webhook was not received. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } catch {
    return null;
  }
}

function toWebhook(
  { url, headers }: IncomingMessage,
  body: Buffer,
  answered: ReceivedWebhook['answered'],
): ReceivedWebhook {
  return {
    at: new Date(),
    path: url ?? '',
    id: String(headers['webhook-id'] ?? ''),
    timestamp: String(headers['webhook-timestamp'] ?? ''),
    signature: String(headers['webhook-signature'] ?? ''),
    body,
    answered,
  };
}

async function answer(
  response: ServerResponse,
  fault: Exclude<FaultName, 'reset'> | null,
  slowMs: number,
): Promise<void> {
  switch (fault) {
    case 'error500':
      response.writeHead(500).end('out of order');
      return;
    case 'resetAfter':
      response.socket?.resetAndDestroy();
      return;
    case 'redirect':
      // 307 keeps method and body: a sender that follows would post the whole webhook again.
      response.writeHead(307, { location: '/redirected' }).end();
      return;
    case 'huge':
      response.writeHead(200).end(Buffer.alloc(hugeBytes, 'x'));
      return;
    case 'hang':
      return;
    case 'slow':
      await pause(slowMs, response);
      if (!response.destroyed) response.writeHead(200).end();
      return;
    case null:
      response.writeHead(200).end();
  }
}
