import type { Fault } from './faults.ts';
import { pause, sendJson } from './http-tools.ts';
import { applyUsageFault, type OpenCall } from './open-call.ts';
import type { Reply } from './reply.ts';

/**
 * Sends the answer as one body, whole or spoilt. The provider has done the work either way, so it is metered.
 */
export async function sendPlain(call: OpenCall): Promise<void> {
  const { wire, prompt, reply, fault, response } = call;
  applyUsageFault(reply, fault);
  const text = JSON.stringify(wire.plain(prompt, spoil(reply, fault)));
  const { completion } = reply.counts;
  if (fault?.kind === 'trickle') {
    response.writeHead(200, { 'content-type': 'application/json' });
    for (const byte of Buffer.from(text)) {
      if (response.destroyed) return call.meter('cut', completion);
      response.write(Buffer.from([byte]));
      await pause(fault.ms, response);
    }
    response.end();
  } else if (fault?.kind === 'cut') {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    });
    response.write(text.slice(0, text.length / 2), () => response.socket?.destroy());
    return call.meter('cut', completion);
  } else if (fault?.kind === 'malformed') {
    sendJson(response, 200, text.slice(0, -7));
  } else if (fault?.kind === 'large') {
    sendJson(response, 200, text.padEnd(fault.mb * 1_000_000));
  } else {
    sendJson(response, 200, text);
  }
  call.meter('completed', completion);
}

function spoil(reply: Reply, fault: Fault | null): Reply {
  return fault?.kind === 'empty' ? { ...reply, choices: [] } : reply;
}
