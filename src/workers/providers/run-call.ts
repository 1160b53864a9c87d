import type { Answer, Produced } from '../../shared/chat/call-result.ts';
import { unmarkValue } from '../../shared/platform/json/verbatim.ts';
import { tokensOfBytes } from './answer-size.ts';
import { stopReasonOf } from './call-stop.ts';
import { refuseEmpty } from './completion.ts';
import { findErrorInside } from './error-report.ts';
import { explainFailure, limitMessages } from './failure.ts';
import { type PassedEvents, type Passing, passEvents } from './pass-events.ts';
import type { ProviderCall, ProviderSettings } from './provider.ts';
import { type Lack, type ShapedAnswer, shapeAnswer } from './shape-answer.ts';
import type { Translated } from './translated.ts';
import type { Exchange, Transport } from './transport.ts';
import { UnreadableAnswer } from './unreadable-answer.ts';

/** Builds one completion from a stream's events and reports deltas as they come. */
export type Assembler = {
  /** Throws on an event it cannot make sense of. */
  add(event: unknown): void;
  produced(): Produced;
  /** About how much of the answer is held in memory. */
  keptBytes(): number;
  /**
   * The completion, once the upstream has given a finish reason. `clean` is false when the stream broke off;
   * then every choice that was asked for must have one. `isDone` says that it sent its closing frame. Throws
   * `UnreadableAnswer`.
   */
  completed(clean: boolean, isDone?: boolean): Translated | null;
};

/** What differs between upstreams: the SDK's calls and the translation. */
export type Upstream = {
  /** Sends through the SDK and returns the answer's body as the SDK read it. */
  ask(call: ProviderCall, fetchFn: typeof fetch): Promise<unknown>;
  /** Sends through the SDK and returns its raw stream. */
  askStream(call: ProviderCall, fetchFn: typeof fetch): Promise<AsyncIterable<unknown>>;
  /** Null when the body is no finished answer. */
  translate(body: unknown, call: ProviderCall): Translated | null;
  createAssembler(call: ProviderCall): Assembler;
  /** Whether the error is the upstream's own report inside a stream. */
  isStreamError(error: unknown): boolean;
  /** What it lacks and is brought about in its answers; left out, nothing. */
  lacks?: readonly Lack[];
  /** How this call goes through as it is; left out, none does. */
  passing?(call: ProviderCall): Passing | null;
};

const nothing: Produced = { text: '', usage: null };

/** Runs one call to its end. Never throws: whatever happens is one of the three kinds of answer. */
export async function runCall(
  upstream: Upstream,
  transport: Transport,
  settings: ProviderSettings,
  call: ProviderCall,
): Promise<Answer> {
  if (call.signal.aborted) return stopped(call, nothing);
  const exchange = transport.open(call);
  const passed = passEvents(upstream.passing?.(call) ?? null, call);
  const shaped = shapeAnswer({ ...call, onDelta: passed.hear }, upstream.lacks ?? []);
  const shapedCall = { ...call, onDelta: shaped.onDelta };
  try {
    return await (call.stream
      ? runStream(upstream, exchange, settings, shapedCall, shaped, passed)
      : runPlain(upstream, exchange, call, shaped, passed));
  } catch (error) {
    const fromStream = upstream.isStreamError(error);
    return ended({ exchange, settings, call, produced: nothing, error, fromStream });
  } finally {
    exchange.end();
  }
}

async function runPlain(
  upstream: Upstream,
  exchange: Exchange,
  call: ProviderCall,
  shaped: ShapedAnswer,
  passed: PassedEvents,
): Promise<Answer> {
  const asked = await upstream.ask(call, exchange.fetch);
  refuseErrors(asked, exchange);
  const body = exchange.record.marked ? unmarkValue(asked) : asked;
  const translated = upstream.translate(body, call);
  if (translated !== null) return completed(passed.whole(translated, body), exchange, shaped);
  throw new UnreadableAnswer('no_choice', 'the provider answered without a finished choice');
}

async function runStream(
  upstream: Upstream,
  exchange: Exchange,
  settings: ProviderSettings,
  call: ProviderCall,
  shaped: ShapedAnswer,
  passed: PassedEvents,
): Promise<Answer> {
  const assembler = upstream.createAssembler(call);
  let error: unknown = null;
  try {
    for await (const event of await upstream.askStream(call, exchange.fetch)) {
      if (call.signal.aborted) break;
      exchange.record.unreadBytes = 0;
      refuseErrors(event, exchange);
      const read = exchange.record.marked ? unmarkValue(event) : event;
      assembler.add(read);
      passed.add(read);
      if (Math.max(assembler.keptBytes(), passed.keptBytes()) > exchange.bytesMax) exchange.tooLarge();
    }
  } catch (thrown) {
    error = thrown;
  }
  // SDKs swallow an abort and end their stream as if it were whole.
  const clean = error === null && !call.signal.aborted && exchange.limitReached() === null;
  try {
    const isWhole = exchange.record.status === 200 && exchange.record.errorInside === null;
    const translated = isWhole ? assembler.completed(clean, clean && exchange.record.isDone) : null;
    if (translated !== null) return completed(passed.streamed(translated), exchange, shaped);
  } catch (thrown) {
    error ??= thrown;
  }
  return ended({
    exchange,
    settings,
    call,
    produced: assembler.produced(),
    error: error ?? new Error('the stream ended without a finish reason'),
    fromStream: upstream.isStreamError(error),
  });
}

/** An error in the body of a success: what came is no answer. */
function refuseErrors(body: unknown, { record }: Exchange): void {
  if (findErrorInside(body) === null) return;
  record.errorInside = body;
  throw new Error('the provider answered with an error');
}

function completed(answered: Translated, exchange: Exchange, shaped: ShapedAnswer): Answer {
  refuseEmpty(answered.completion, answered.usage);
  const translated = shaped.finish(answered);
  const { limits, headers } = exchange.record;
  // Gemini reports the tier in a header.
  const serviceTier = translated.serviceTier ?? headers?.get('x-gemini-service-tier') ?? null;
  return { kind: 'completed', ...translated, serviceTier, limits };
}

function stopped({ signal }: ProviderCall, produced: Produced): Answer {
  return { kind: 'stopped', reason: stopReasonOf(signal), produced };
}

type Ending = {
  exchange: Exchange;
  settings: ProviderSettings;
  call: ProviderCall;
  produced: Produced;
  error: unknown;
  fromStream: boolean;
};

function ended({ exchange, settings, call, produced, error, fromStream }: Ending): Answer {
  if (call.signal.aborted) return stopped(call, produced);
  // A limit of ours is no failure of the provider's, and the same call would come to the same end.
  if (exchange.limitReached() === 'bytes') {
    const { unreadBytes } = exchange.record;
    const unread = unreadBytes > 0 && { unreadTokens: tokensOfBytes(call, unreadBytes) };
    const limit = limitMessages.bytes;
    return { kind: 'stopped', reason: 'limit', limit, produced: { ...produced, ...unread } };
  }
  const billed = error instanceof UnreadableAnswer && error.usage !== null && { usage: error.usage };
  const { apiKey } = settings;
  return {
    kind: 'failed',
    failure: explainFailure(exchange, { error, fromStream, produced, apiKey }),
    produced: { ...produced, ...billed },
    limits: exchange.record.limits,
  };
}
