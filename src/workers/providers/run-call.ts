import type { Answer, Produced } from '../../shared/chat/call-result.ts';
import { readJson } from '../../shared/platform/json/read-json.ts';
import { tokensOfBytes } from './answer-size.ts';
import { stopReasonOf } from './call-stop.ts';
import { refuseEmpty } from './completion.ts';
import { findErrorInside } from './error-report.ts';
import type { Exchange, WireRequest } from './exchange.ts';
import { explainFailure, limitMessages } from './failure.ts';
import { type PassedEvents, type Passing, passEvents } from './pass-events.ts';
import type { ProviderCall, ProviderSettings } from './provider.ts';
import { parseJson } from './read-field.ts';
import { ReportedError } from './reported-error.ts';
import { type Lack, type ShapedAnswer, shapeAnswer } from './shape-answer.ts';
import type { Translated } from './translated.ts';
import type { Transport } from './transport.ts';
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

/** What differs between upstreams: what is sent, and the translation of what comes. */
export type Upstream = {
  /** The request in the upstream's words; of a stream, if the call is one. */
  ask(call: ProviderCall): WireRequest;
  /** Null when the body is no finished answer. Throws `UnreadableAnswer` and `ReportedError`. */
  translate(body: unknown, call: ProviderCall): Translated | null;
  createAssembler(call: ProviderCall): Assembler;
  /** Whether an event of this name is one of an answer; left out, every event is. */
  takes?(eventName: string | null): boolean;
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
  const heardCall = heardBy(passed.hear, call);
  const shaped = shapeAnswer(heardCall, upstream.lacks ?? noLacks);
  const shapedCall = heardBy(shaped.onDelta, heardCall);
  try {
    return await (call.stream
      ? runStream(upstream, exchange, settings, shapedCall, shaped, passed)
      : runPlain(upstream, exchange, call, shaped, passed));
  } catch (error) {
    return ended({ exchange, settings, call, produced: nothing, error });
  }
}

const noLacks: readonly Lack[] = [];

function heardBy(onDelta: ProviderCall['onDelta'], call: ProviderCall): ProviderCall {
  return onDelta === call.onDelta ? call : { ...call, onDelta };
}

async function runPlain(
  upstream: Upstream,
  exchange: Exchange,
  call: ProviderCall,
  shaped: ShapedAnswer,
  passed: PassedEvents,
): Promise<Answer> {
  const body = readJson(await exchange.askWhole(upstream.ask(call)));
  refuseErrors(body);
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
    await exchange.askStream(upstream.ask(call), (data, name) => {
      if (name === 'error') throw readError(data);
      if (upstream.takes?.(name) === false) return;
      const event = readJson(data);
      refuseErrors(event);
      assembler.add(event);
      passed.add(event);
      if (Math.max(assembler.keptBytes(), passed.keptBytes()) > exchange.bytesMax) exchange.tooLarge();
    });
  } catch (thrown) {
    error = thrown;
  }
  try {
    const isWhole = exchange.record.status === 200 && !(error instanceof ReportedError);
    const translated = isWhole ? assembler.completed(error === null, exchange.record.isDone) : null;
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
  });
}

/** An error in the body of a success: what came is no answer. */
function refuseErrors(body: unknown): void {
  if (findErrorInside(body) !== null) throw new ReportedError(body);
}

/** An event that is an error by its name, whatever is in it. */
function readError(data: string): ReportedError {
  const body = parseJson(data) ?? data;
  return new ReportedError(findErrorInside(body) === null ? { error: body } : body);
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
};

function ended({ exchange, settings, call, produced, error }: Ending): Answer {
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
    failure: explainFailure(exchange, { error, produced, apiKey }),
    produced: { ...produced, ...billed },
    limits: exchange.record.limits,
  };
}
