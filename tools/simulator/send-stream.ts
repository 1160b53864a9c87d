import { pause } from './http-tools.ts';
import { applyUsageFault, type OpenCall } from './open-call.ts';
import { readMarker } from './prompt.ts';
import type { StreamEvent } from './wire.ts';

/** Streams the answer event by event; whatever ends it early, the meter has what was put out until then. */
export async function sendStream(call: OpenCall): Promise<void> {
  const { wire, prompt, reply, fault, response, simulation } = call;
  applyUsageFault(reply, fault);
  const delay = readMarker(prompt.lastUser, 'chunk_delay') ?? simulation.config.chunk_delay_ms;
  const events = wire.events(prompt, reply);
  const sent = fault?.kind === 'no_finish' ? events.slice(0, Math.ceil(events.length / 2)) : events;
  let tokens = 0;
  response.on('close', () => call.meter('cut', tokens));
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });

  if (fault?.kind === 'large') response.write(`: ${' '.repeat(fault.mb * 1_000_000)}\n\n`);
  for (const [index, event] of sent.entries()) {
    if (response.destroyed) return;
    if (index === fault?.at && (await happens(call, fault.kind))) return;
    tokens = event.tokens;
    await write(call, event);
    if (delay > 0) await pause(delay, response);
  }
  const isWhole = sent.length === events.length;
  response.end();
  call.meter(isWhole ? 'completed' : 'cut', tokens);
}

/** A fault between two events; true when it was the end. */
async function happens({ wire, response }: OpenCall, kind: string): Promise<boolean> {
  switch (kind) {
    case 'cut':
      // What was written before must leave the process, or the client never saw what the meter counts.
      await new Promise<void>((resolve) => response.write(': cut\n\n', () => resolve()));
      response.socket?.destroy();
      return true;
    case 'hang':
      await pause(Number.POSITIVE_INFINITY, response);
      return true;
    case 'malformed':
      response.end('data: {"broken\n\n');
      return true;
    case 'stream_error':
      response.end(wire.streamError());
      return true;
    default:
      return false;
  }
}

async function write({ fault, response }: OpenCall, event: StreamEvent): Promise<void> {
  if (fault?.kind !== 'trickle') {
    response.write(event.frame);
    return;
  }
  for (const byte of Buffer.from(event.frame)) {
    if (response.destroyed) return;
    response.write(Buffer.from([byte]));
    if (fault.ms > 0) await pause(fault.ms, response);
    else await new Promise((resolve) => setImmediate(resolve));
  }
}
