import type { Dispatcher } from 'undici';
import { checkKind, createErrorBody, createWholeBody, isEventStream } from './answer-body.ts';
import { type AnswerHeaders, toAnswerHeaders } from './answer-headers.ts';
import { answerBytesMax, eventBytesMax } from './answer-size.ts';
import { CallClock, type LimitReached } from './call-limits.ts';
import { type EventListener, EventReader } from './event-reader.ts';
import type { Exchange, OnEvent, WireRequest } from './exchange.ts';
import { type ExchangeRecord, newExchangeRecord } from './exchange-record.ts';
import type { ProviderCall, ProviderSettings } from './provider.ts';
import { readLimits } from './rate-limits.ts';
import { type BodyListener, unpackBody } from './unpack-body.ts';

/** Where the requests of one provider go. */
export type Way = { dispatcher: Dispatcher; origin: string; basePath: string };

/** How long a stream that has sent its closing frame may take to end, so that its socket serves again. */
const closingMsMax = 1000;

/**
 * One request and its answer, as undici's dispatcher reports them: an object for each call, and none for
 * each piece. Never follows a redirect (it would carry our key elsewhere), refuses a success that is not what
 * was asked for, and counts unpacked bytes, so a small gzip cannot become a large body in memory. Once its
 * call was aborted or a limit is reached its socket is destroyed, and nothing more is given on.
 */
export class HttpExchange implements Exchange, Dispatcher.DispatchHandler, BodyListener, EventListener {
  readonly record: ExchangeRecord = newExchangeRecord();
  readonly bytesMax: number;
  readonly #way: Way;
  readonly #call: ProviderCall;
  readonly #unreadBytesMax: number;
  readonly #clock: CallClock;
  readonly #onAbort = () => this.#fail(new Error('the call was stopped'));
  #limitReached: LimitReached | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #body: BodyListener | null = null;
  #unpacker: (BodyListener & { stop(): void }) | null = null;
  #onEvent: OnEvent | null = null;
  #isEnded = false;
  #closing: NodeJS.Timeout | undefined;
  #resolve!: (text: string) => void;
  #reject!: (error: unknown) => void;

  constructor(way: Way, settings: ProviderSettings, call: ProviderCall) {
    this.#way = way;
    this.#call = call;
    this.bytesMax = answerBytesMax(call, settings.answerBytesMax);
    this.#unreadBytesMax = call.stream ? eventBytesMax(call, settings.answerBytesMax) : this.bytesMax;
    this.#clock = new CallClock(settings, call, (limit) => this.#reachLimit(limit));
  }

  askWhole(request: WireRequest): Promise<string> {
    return this.#send(request);
  }

  async askStream(request: WireRequest, onEvent: OnEvent): Promise<void> {
    this.#onEvent = onEvent;
    await this.#send(request);
  }

  limitReached(): LimitReached | null {
    return this.#limitReached;
  }

  tooLarge(): void {
    this.#reachLimit('bytes');
  }

  #send({ path, headers, body }: WireRequest): Promise<string> {
    const { dispatcher, origin, basePath } = this.#way;
    const { signal, attemptId } = this.#call;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#clock.start();
      signal.addEventListener('abort', this.#onAbort);
      this.record.asked = true;
      const own = [...headers, 'x-gateway-attempt-id', attemptId];
      dispatcher.dispatch({ origin, path: basePath + path, method: 'POST', headers: own, body }, this);
    });
  }

  /** undici announces a request only once it has a connection to write it on. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isEnded) controller.abort(new Error('the call has ended'));
    else this.record.sent = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#isEnded || status < 200) return;
    this.#clock.headersCame();
    const { record } = this;
    record.status = status;
    record.headers = toAnswerHeaders(headers);
    record.limits = readLimits(record.headers);
    try {
      this.#body = this.#openBody(status, record.headers);
      this.#unpacker = this.#openUnpacker(record.headers);
    } catch (error) {
      this.#fail(error);
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.#isEnded) return;
    this.#clock.bytesCame();
    try {
      if (this.#unpacker === null) this.add(bytes);
      else this.#unpacker.add(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  onResponseEnd(): void {
    if (!this.#isEnded) {
      try {
        if (this.#unpacker === null) this.end();
        else this.#unpacker.end();
      } catch (error) {
        this.#fail(error);
      }
    }
    clearTimeout(this.#closing);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.#closing);
    this.#fail(error);
  }

  /**
   * Bytes of the body as they were before they were packed. Too much that nobody has read ends the call for
   * good: the same call would come to the same end.
   */
  add(bytes: Buffer): void {
    if (this.#isEnded) return;
    this.record.unreadBytes += bytes.length;
    if (this.record.unreadBytes > this.#unreadBytesMax) this.#reachLimit('bytes');
    else this.#body?.add(bytes);
  }

  /** There are no more of them. */
  end(): void {
    if (!this.#isEnded) this.#body?.end();
  }

  /** An event of the stream; false when no more are wanted. */
  event(data: string, name: string | null): boolean {
    this.record.unreadBytes = 0;
    if (data.startsWith('[DONE]')) {
      this.record.isDone = true;
      this.#succeed('');
      this.#closing = setTimeout(() => this.#controller?.abort(new Error('')), closingMsMax).unref();
      return false;
    }
    this.#onEvent?.(data, name);
    return !this.#isEnded;
  }

  /** The events of the stream have ended. */
  noMoreEvents(): void {
    this.#succeed('');
  }

  #openBody(status: number, headers: AnswerHeaders): BodyListener {
    if (status > 299) return createErrorBody(this.record);
    checkKind(status, headers, this.#call.stream);
    if (!this.#call.stream) return createWholeBody((text) => this.#succeed(text));
    if (isEventStream(headers)) return new EventReader(this);
    return createWholeBody((text) => this.#readAsStream(text));
  }

  /** A stream that is called JSON, or a whole answer where a stream was asked for. */
  #readAsStream(text: string): void {
    if (!/^\s*(data|event|id|retry)?:/.test(text)) {
      if (this.event(text, null)) this.noMoreEvents();
      return;
    }
    const events = new EventReader(this);
    events.add(Buffer.from(text));
    if (!this.#isEnded) events.end();
  }

  #openUnpacker(headers: AnswerHeaders) {
    const codings = headers.get('content-encoding') ?? '';
    if (codings === '' || codings === 'identity') return null;
    return unpackBody(codings, this, {
      flow: { pause: () => this.#controller?.pause(), resume: () => this.#controller?.resume() },
      fail: (error) => this.#fail(error),
    });
  }

  #reachLimit(limit: LimitReached): void {
    if (this.#isEnded) return;
    this.#limitReached = limit;
    this.#fail(new Error(`the call has reached its limit: ${limit}`));
  }

  #succeed(text: string): void {
    if (this.#settle()) this.#resolve(text);
  }

  #fail(error: unknown): void {
    if (!this.#settle()) return;
    this.#controller?.abort(error instanceof Error ? error : new Error(String(error)));
    this.#reject(error);
  }

  /** Frees what the call holds; false when it has ended before. */
  #settle(): boolean {
    if (this.#isEnded) return false;
    this.#isEnded = true;
    this.#clock.stop();
    this.#call.signal.removeEventListener('abort', this.#onAbort);
    this.#unpacker?.stop();
    return true;
  }
}
