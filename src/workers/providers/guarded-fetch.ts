import { type Dispatcher, type Response as UndiciResponse, fetch as undiciFetch } from 'undici';
import { markNumbers } from '../../shared/platform/json/read-json.ts';
import { unmarkText } from '../../shared/platform/json/verbatim.ts';
import type { CallLimits } from './call-limits.ts';
import { findErrorInside } from './error-report.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import type { ProviderCall } from './provider.ts';
import { readLimits } from './rate-limits.ts';
import { parseJson } from './read-field.ts';

type Guard = {
  call: ProviderCall;
  record: ExchangeRecord;
  limits: CallLimits;
  dispatcher: Dispatcher;
  /** A whole body, or one event of a stream, that is larger is not held. */
  unreadBytesMax: number;
};

const errorBytesMax = 64 * 1024;
/** Of the body as it travelled; what the SDK gets is decoded. */
const travelHeaders = ['content-encoding', 'content-length', 'transfer-encoding'];

/**
 * A `fetch` for one call: adds the attempt id, never follows a redirect (it would carry our key elsewhere),
 * refuses a success that is not what was asked for (a captive portal's HTML), and counts decoded bytes, so a
 * small gzip cannot become a large body in memory.
 */
export function createGuardedFetch(guard: Guard): typeof fetch {
  const { call, record, limits } = guard;
  return async (input, init) => {
    record.asked = true;
    init?.signal?.addEventListener('abort', () => limits.abort(), { once: true });
    const answer = await send(guard, String(input), init ?? {});
    limits.headersCame();
    record.status = answer.status;
    record.headers = new Headers([...answer.headers]);
    for (const name of travelHeaders) record.headers.delete(name);
    record.limits = readLimits(record.headers);

    if (!answer.ok) return refusal(answer, record, limits);
    checkKind(answer, call.stream);
    if (call.stream && !isEventStream(answer)) {
      const events = asEvents(await readWhole(answer, guard), record);
      record.headers.set('content-type', 'text/event-stream');
      return new Response(events, { status: answer.status, headers: record.headers });
    }
    const body = call.stream
      ? guardStream(answer, guard)
      : refuseError(await readWhole(answer, guard), record);
    return new Response(body, { status: answer.status, headers: record.headers });
  };
}

function send({ call, limits, dispatcher }: Guard, url: string, init: RequestInit): Promise<UndiciResponse> {
  const headers = new Headers(init.headers);
  headers.set('x-gateway-attempt-id', call.attemptId);
  return undiciFetch(url, {
    method: init.method ?? 'GET',
    headers: [...headers],
    body: typeof init.body === 'string' ? unmarkText(init.body) : null,
    redirect: 'manual',
    dispatcher,
    signal: limits.signal,
  });
}

function checkKind(answer: UndiciResponse, isStream: boolean): void {
  const type = answer.headers.get('content-type') ?? 'none';
  if (answer.status === 204 || answer.body === null) throw new Error('the provider sent no body');
  const fits = /json/i.test(type) || (isStream && isEventStream(answer));
  if (!fits) throw new Error(`expected ${isStream ? 'an event stream' : 'JSON'}, got ${type}`);
}

const isEventStream = (answer: UndiciResponse) =>
  answer.headers.get('content-type')?.includes('text/event-stream') === true;

/** An error in place of the answer; some SDKs would read past it. */
function refuseError(json: string, record: ExchangeRecord): string {
  if (!json.includes('"error"')) return json;
  const body = parseJson(json);
  if (findErrorInside(body) === null) return json;
  record.errorInside = body;
  throw new Error('the provider answered with an error');
}

/** A stream that is called JSON, or a whole answer where a stream was asked for, which is a stream of one. */
function asEvents(text: string, record: ExchangeRecord): string {
  if (/^\uFEFF?\s*(data|event|id|retry)?:/.test(text)) {
    record.isDone = doneLine.test(text);
    return `${text}\n\n`;
  }
  const body = JSON.stringify(JSON.parse(refuseError(text, record)));
  return `data: ${body}\n\n`;
}

const doneLine = /^data: ?\[DONE\]/m;

async function refusal(answer: UndiciResponse, record: ExchangeRecord, limits: CallLimits) {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of readChunks(answer, limits)) {
      record.errorBody += decoder.decode(chunk, { stream: true });
      if (record.errorBody.length >= errorBytesMax) break;
    }
  } catch {
    // The status alone says that the call was refused; half a message is better than none.
  }
  const body = JSON.stringify({ error: { message: 'refused' } });
  return new Response(body, { status: answer.status, headers: { 'content-type': 'application/json' } });
}

async function* readChunks(answer: UndiciResponse, limits: CallLimits): AsyncGenerator<Uint8Array> {
  const reader = answer.body?.getReader();
  if (reader === undefined) return;
  try {
    while (true) {
      limits.waitForBytes();
      const { done, value } = await reader.read();
      limits.bytesCame();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Counts what came. Too much ends the call for good: the same call would come to the same end. */
function hold(chunk: Uint8Array, { record, limits, unreadBytesMax }: Guard): void {
  record.unreadBytes += chunk.byteLength;
  if (record.unreadBytes <= unreadBytesMax) return;
  limits.abort('bytes');
  throw new Error('the answer is larger than allowed');
}

async function readWhole(answer: UndiciResponse, guard: Guard): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readChunks(answer, guard.limits)) {
    chunks.push(chunk);
    hold(chunk, guard);
  }
  return markIn(Buffer.concat(chunks).toString('utf8'), guard.record);
}

function markIn(json: string, record: ExchangeRecord): string {
  const marked = markNumbers(json);
  if (marked !== json) record.marked = true;
  return marked;
}

/** Of a stream only the event that has not ended yet is held: its reader sets the count back with each. */
function guardStream(answer: UndiciResponse, guard: Guard): ReadableStream<Uint8Array> {
  const { limits, record } = guard;
  const chunks = readChunks(answer, limits);
  const lines = new WholeLines();
  const decoder = new TextDecoder();
  const toBytes = (text: string) => {
    record.isDone ||= text.includes('[DONE]') && doneLine.test(text);
    return Buffer.from(markIn(text, record));
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (!done) {
          hold(value, guard);
          return controller.enqueue(toBytes(lines.add(decoder.decode(value, { stream: true }))));
        }
        // A last event without its blank line is lost or refused by some SDKs.
        controller.enqueue(toBytes(`${lines.rest()}${decoder.decode()}\n\n`));
        controller.close();
      },
      async cancel() {
        limits.abort();
        await chunks.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Gives a text on in whole lines, so that no number is cut in two. */
class WholeLines {
  #pieces: string[] = [];

  /** The lines that are whole now; empty when none is. */
  add(text: string): string {
    const end = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1;
    if (end === 0) {
      this.#pieces.push(text);
      return '';
    }
    const whole = this.#pieces.join('') + text.slice(0, end);
    this.#pieces = [text.slice(end)];
    return whole;
  }

  rest(): string {
    return this.#pieces.join('');
  }
}
