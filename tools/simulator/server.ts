import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerCall } from './answer-call.ts';
import { anthropicWire } from './anthropic-wire.ts';
import { control } from './control.ts';
import { createFaultStore } from './faults.ts';
import { googleWire } from './google-wire.ts';
import { readBody, sendJson } from './http-tools.ts';
import { createMeter } from './meter.ts';
import type { Simulation } from './open-call.ts';
import { openaiResponsesWire } from './openai-responses-wire.ts';
import { openaiWire } from './openai-wire.ts';
import { countTokens } from './tokens.ts';
import type { Wire } from './wire.ts';

export type SimulatorOptions = {
  /** 0 takes a free one. Always on loopback. */
  port: number;
  /** The loopback by default: whoever reaches it can change what it answers. */
  host?: string;
  latencyMs?: number;
  chunkDelayMs?: number;
  /** Appends every metered call as a line of JSON. */
  meterFile?: string | null;
};

export type Simulator = {
  /** Bare, without `/v1`. */
  url: string;
  close(): Promise<void>;
};

/**
 * Longer than any client keeps an idle socket, so that this side never closes one a request is just being
 * sent on.
 */
const keepAliveMs = 120_000;

/**
 * Starts a provider double that speaks OpenAI's chat completions and responses, Anthropic's messages and
 * Gemini's generateContent over HTTP, so that the official SDKs run against it unmodified.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const simulation: Simulation = {
    config: {
      latency_ms: options.latencyMs ?? 0,
      chunk_delay_ms: options.chunkDelayMs ?? 0,
      requests_left: null,
      tokens_left: null,
      service_tier: null,
    },
    faults: createFaultStore(),
    meter: createMeter(options.meterFile ?? null),
  };
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    route(simulation, request, response).catch((error: unknown) => {
      if (!response.headersSent)
        sendJson(response, 500, JSON.stringify({ error: { message: String(error) } }));
    });
  });
  server.keepAliveTimeout = keepAliveMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host ?? '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      simulation.meter.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

async function route(
  simulation: Simulation,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://simulator');
  if (url.pathname.startsWith('/__simulator/')) return control(simulation, url, request, response);
  if (url.pathname === '/health') return sendJson(response, 200, '{"status":"ok"}');
  const call = findCall(url.pathname);
  if (request.method !== 'POST' || call === null) {
    return sendJson(response, 404, '{"error":{"message":"unknown path","type":"invalid_request_error"}}');
  }
  const text = await readBody(request);
  if (call.wire === null) return sendJson(response, 200, JSON.stringify({ input_tokens: countTokens(text) }));
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = null;
  }
  const { wire, model, stream } = call;
  return answerCall(simulation, wire, { request, response, body, model, stream });
}

type Call = { wire: Wire | null; model: string; stream: boolean };

function findCall(path: string): Call | null {
  if (path === '/v1/chat/completions') return { wire: openaiWire, model: '', stream: false };
  if (path === '/v1/responses') return { wire: openaiResponsesWire, model: '', stream: false };
  if (path === '/v1/messages') return { wire: anthropicWire, model: '', stream: false };
  if (path === '/v1/messages/count_tokens') return { wire: null, model: '', stream: false };
  const gemini = /^\/v1beta\/models\/([^/:]+):(generateContent|streamGenerateContent)$/.exec(path);
  if (gemini === null) return null;
  return {
    wire: googleWire,
    model: decodeURIComponent(gemini[1] ?? ''),
    stream: gemini[2] === 'streamGenerateContent',
  };
}
