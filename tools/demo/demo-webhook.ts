import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { callApi } from '../stack/admin.ts';
import type { Base } from './demo-batch.ts';

/** Long enough for a job and a first try of its webhook. */
const maxWaitMs = 20_000;

/**
 * Runs one job with a webhook to a receiver of our own, and verifies what arrives with the public library.
 */
export async function receiveOne(base: Base): Promise<{ type: string; verified: boolean }> {
  const { body: secretBody } = await callApi(base, 'GET', '/v1/webhook_secret');
  const { secret } = secretBody as { secret: string };
  const received = deferred<Received>();
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      response.end();
      received.resolve({ headers: request.headers as Record<string, string>, body });
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const timer = setTimeout(() => received.reject(new Error('no webhook arrived')), maxWaitMs);
  try {
    await callApi(base, 'POST', '/v1/jobs', {
      body: {
        request: {
          model: 'google/gemini-2.5-flash',
          messages: [{ role: 'user', content: 'Say that the parcel has arrived.' }],
          max_tokens: 50,
        },
        webhook_url: `http://127.0.0.1:${port}/hooks`,
      },
      expected: [202],
    });
    const { headers, body } = await received.promise;
    // Throws when the signature, the timestamp or a single byte is wrong.
    const event = new Webhook(secret).verify(body, headers) as { type: string };
    return { type: event.type, verified: true };
  } finally {
    clearTimeout(timer);
    server.close();
    server.closeAllConnections();
  }
}

type Received = { headers: Record<string, string>; body: string };

function deferred<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
