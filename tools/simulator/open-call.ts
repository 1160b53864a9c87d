import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fault, FaultStore } from './faults.ts';
import type { Meter, MeterOutcome } from './meter.ts';
import type { Prompt } from './prompt.ts';
import type { Reply } from './reply.ts';
import type { Wire } from './wire.ts';

export type SimulatorConfig = {
  latency_ms: number;
  chunk_delay_ms: number;
  /** What the rate-limit headers say is left; null sends none. */
  requests_left: number | null;
  tokens_left: number | null;
  /** The tier that answers of OpenAI and Anthropic name; null names none. */
  service_tier: string | null;
};

export type Simulation = { config: SimulatorConfig; faults: FaultStore; meter: Meter };

/** One call while it is answered. */
export type OpenCall = {
  simulation: Simulation;
  wire: Wire;
  prompt: Prompt;
  reply: Reply;
  fault: Fault | null;
  request: IncomingMessage;
  response: ServerResponse;
  /** Closes the call's entry in the meter; only the first time counts. */
  meter(outcome: MeterOutcome, completionTokens: number): void;
};

/** Opens a call's entry in the meter: the first ending counts, refusals are not billed. */
export function startEntry(
  meter: Meter,
  request: IncomingMessage,
  response: ServerResponse,
  prompt: Prompt,
  reply: Reply,
): OpenCall['meter'] {
  let isClosed = false;
  const attemptId = request.headers['x-gateway-attempt-id'];
  return (outcome, completionTokens) => {
    if (isClosed) return;
    isClosed = true;
    const billed = outcome !== 'refused';
    meter.record({
      provider: prompt.provider,
      model: prompt.model,
      attempt_id: typeof attemptId === 'string' ? attemptId : null,
      status: response.headersSent ? response.statusCode : 0,
      prompt_tokens: billed ? reply.counts.prompt : 0,
      completion_tokens: billed ? completionTokens : 0,
      billed,
      streamed: prompt.stream,
      outcome,
    });
  };
}

/** Puts a lie or nothing in the place of honest usage. */
export function applyUsageFault(reply: Reply, fault: Fault | null): void {
  if (fault?.kind === 'no_usage') reply.usage = 'missing';
  if (fault?.kind === 'absurd_usage') reply.usage = { completion: fault.value };
}
