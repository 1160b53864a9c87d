import type { IncomingMessage, ServerResponse } from 'node:http';
import { pause, sendRefusal } from './http-tools.ts';
import { type OpenCall, type Simulation, startEntry } from './open-call.ts';
import { BadRequest, type Prompt, readMarker } from './prompt.ts';
import { refuseOrHang } from './refuse-call.ts';
import { makeReply } from './reply.ts';
import { sendPlain } from './send-plain.ts';
import { sendStream } from './send-stream.ts';
import type { Wire } from './wire.ts';

type Incoming = {
  request: IncomingMessage;
  response: ServerResponse;
  body: unknown;
  model: string;
  stream: boolean;
};

/**
 * Answers one call: reads it, waits, lets the fault happen or sends the answer, and meters what it would have
 * cost.
 */
export async function answerCall(simulation: Simulation, wire: Wire, incoming: Incoming): Promise<void> {
  const { request, response, body, model, stream } = incoming;
  let prompt: Prompt;
  try {
    prompt = wire.read(body, { model, stream, headers: request.headers });
  } catch (error) {
    const { status, code, message } = error instanceof BadRequest ? error : new BadRequest('invalid body');
    sendRefusal(response, wire, { status, code, message, retryAfter: null });
    return;
  }
  const reply = makeReply(prompt, simulation.config.service_tier);
  const fault = simulation.faults.pick(prompt);
  const call: OpenCall = {
    simulation,
    wire,
    prompt,
    reply,
    fault,
    request,
    response,
    meter: startEntry(simulation.meter, request, response, prompt, reply),
  };
  const latency = readMarker(prompt.lastUser, 'latency') ?? simulation.config.latency_ms;
  await pause(latency + (fault?.kind === 'slow' ? fault.ms : 0), response);
  if (response.destroyed) return call.meter('cut', 0);
  if (fault !== null && (await refuseOrHang(call, fault))) return;
  limitHeaders(call);
  await (prompt.stream ? sendStream(call) : sendPlain(call));
}

function limitHeaders({ simulation: { config }, prompt, response }: OpenCall): void {
  if (config.requests_left === null && config.tokens_left === null) return;
  const isAnthropic = prompt.provider === 'anthropic';
  const names = isAnthropic
    ? ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-tokens-remaining']
    : ['x-ratelimit-remaining-requests', 'x-ratelimit-remaining-tokens'];
  if (config.requests_left !== null) response.setHeader(names[0] ?? '', String(config.requests_left));
  if (config.tokens_left !== null) response.setHeader(names[1] ?? '', String(config.tokens_left));
  const reset = isAnthropic ? new Date(Date.now() + 60_000).toISOString() : '1m0s';
  response.setHeader(
    isAnthropic ? 'anthropic-ratelimit-requests-reset' : 'x-ratelimit-reset-requests',
    reset,
  );
}
