import { toDelta } from '../../src/api/sync/follow-call.ts';
import type { ModelEntry } from '../../src/shared/catalogue/model.ts';
import type { ChatCompletion, ChatRequest, Delta } from '../../src/shared/chat/chat.ts';
import { createDeltaCoalescer } from '../../src/shared/events/coalesce-deltas.ts';
import { readJson } from '../../src/shared/platform/json/read-json.ts';
import { writeJson } from '../../src/shared/platform/json/verbatim.ts';
import type { Exchange } from '../../src/workers/providers/exchange.ts';
import { newExchangeRecord } from '../../src/workers/providers/exchange-record.ts';
import type { ProviderCall, ProviderSettings } from '../../src/workers/providers/provider.ts';
import { runCall, type Upstream } from '../../src/workers/providers/run-call.ts';
import type { Random } from '../../tools/stack/random.ts';
import type { Reply } from './answers/pieces.ts';
import type { Fields } from './clients/client.ts';
import { type Strict, strictFor } from './upstreams.ts';

/** A piece of an answer on its way to the client. */
export type Piece = { delta: Delta } | { passed: Fields };

export type Called = { completion: ChatCompletion; pieces: Piece[] };

const settings: ProviderSettings = {
  name: 'strict',
  baseUrl: '',
  apiKey: null,
  headersTimeoutMs: 0,
  idleTimeoutMs: 0,
  thinkingTimeoutMs: 0,
  answerBytesMax: 1e9,
};

/** The call of a stored request to a model, and what is sent for it. */
export function prepareCall(model: ModelEntry, text: string, stream: boolean) {
  const request = readJson(text) as ChatRequest;
  const call: ProviderCall = {
    attemptId: 'att_1',
    model: model.upstreamModel,
    ...(model.api !== undefined && { api: model.api }),
    request: { ...request, model: model.id },
    maxOutputTokens: 6000,
    stream,
    reasons: model.supports.reasoning,
    signal: new AbortController().signal,
    onDelta: () => undefined,
  };
  const strict = strictFor(model, call);
  const body = JSON.parse(JSON.stringify(strict.bodyOf(call))) as Fields;
  return { call, strict, body };
}

/** Runs a call as a worker does, to a provider that gives this reply, and stores what comes of it. */
export async function runStrict(
  { call, strict }: { call: ProviderCall; strict: Strict },
  reply: Reply,
  random: Random,
): Promise<Called> {
  const pieces: Piece[] = [];
  const coalescer = createDeltaCoalescer(1);
  const flush = () => {
    for (const { type, fields } of coalescer.take()) {
      const delta = toDelta({ id: 1, type, data: fields });
      if (delta !== null) pieces.push({ delta });
    }
  };
  const upstream: Upstream = { ...strict, ask: () => ({ path: '', headers: [], body: '' }) };
  const transport = { open: () => exchangeOf(reply), close: async () => undefined };
  const answer = await runCall(upstream, transport, settings, {
    ...call,
    onDelta(delta) {
      coalescer.add(delta);
      if (random.chance(0.4)) flush();
    },
    onPassed: ({ event }) => pieces.push({ passed: JSON.parse(JSON.stringify(event)) as Fields }),
  });
  flush();
  if (answer.kind !== 'completed') throw new Error(`the answer was not read: ${JSON.stringify(answer)}`);
  return { completion: readJson(writeJson(answer.completion)) as ChatCompletion, pieces };
}

/** As the provider's servers would give it. */
function exchangeOf({ body, events }: Reply): Exchange {
  return {
    record: { ...newExchangeRecord(), asked: true, sent: true, status: 200, isDone: true },
    askWhole: async () => writeJson(body),
    async askStream(_request, onEvent) {
      for (const event of events) onEvent(writeJson(event), null);
    },
    limitReached: () => null,
    bytesMax: 1e9,
    tooLarge: () => undefined,
  };
}
