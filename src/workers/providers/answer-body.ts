import type { AnswerHeaders } from './answer-headers.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import type { BodyListener } from './unpack-body.ts';

const errorBytesMax = 64 * 1024;
const utf8Signature = '\uFEFF';

/** What an answer without a body is answered with. */
const bodiless = [204, 205];

/** Throws for a success that is not what was asked for, such as the page of a captive portal. */
export function checkKind(status: number, headers: AnswerHeaders, isStream: boolean): void {
  if (bodiless.includes(status)) throw new Error('the provider sent no body');
  const type = headers.get('content-type') ?? 'none';
  const fits = /json/i.test(type) || (isStream && isEventStream(headers));
  if (!fits) throw new Error(`expected ${isStream ? 'an event stream' : 'JSON'}, got ${type}`);
}

export function isEventStream(headers: AnswerHeaders): boolean {
  return headers.get('content-type')?.includes('text/event-stream') === true;
}

/** Keeps the beginning of an error's body. Its end is an error: there is no answer. */
export function createErrorBody(record: ExchangeRecord): BodyListener {
  const decoder = new TextDecoder();
  const end = () => {
    throw new Error('the provider refused the request');
  };
  return {
    add(bytes) {
      record.errorBody += decoder.decode(bytes, { stream: true });
      if (record.errorBody.length >= errorBytesMax) end();
    },
    end,
  };
}

/** Keeps a whole body, and gives its text on when there is no more. */
export function createWholeBody(onText: (text: string) => void): BodyListener {
  const pieces: Buffer[] = [];
  return {
    add: (bytes) => void pieces.push(bytes),
    end() {
      const [first] = pieces;
      const whole = first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces);
      const text = whole.toString('utf8');
      onText(text.startsWith(utf8Signature) ? text.slice(1) : text);
    },
  };
}
