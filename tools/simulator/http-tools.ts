import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refusal, Wire } from './wire.ts';

/** Waits, but not longer than the client does. */
export function pause(ms: number, response: ServerResponse): Promise<void> {
  if (ms <= 0 || response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = Number.isFinite(ms) ? setTimeout(done, ms) : undefined;
    function done() {
      clearTimeout(timer);
      response.off('close', done);
      resolve();
    }
    response.on('close', done);
  });
}

export function sendJson(response: ServerResponse, status: number, text: string): void {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  response.writeHead(status, headers).end(text);
}

export function sendRefusal(response: ServerResponse, wire: Wire, refusal: Refusal): void {
  if (refusal.retryAfter !== null) response.setHeader('retry-after', refusal.retryAfter);
  sendJson(response, refusal.status, JSON.stringify(wire.refuse(refusal)));
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
