/** What a reader of events is given: the data of each, and its name where it has one. */
export type EventListener = {
  /** False ends the reading: what follows in the same piece is not looked at. */
  event(data: string, name: string | null): boolean;
  /** The bytes have come to their end, and no event was the last that was wanted. */
  noMoreEvents(): void;
};

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const noBytes = Buffer.alloc(0);
const utf8Signature = '\uFEFF';

/**
 * Server-sent events out of the bytes of a stream, by the standard (WHATWG HTML, 9.2.6): lines end with LF,
 * CR or both, an event with an empty line; comments and fields that nobody needs are skipped, and so is an
 * event without data. Whole lines are decoded together, once for each piece that comes, so no character is
 * cut in two; the pieces of a line that has not ended are joined once, when it does.
 */
export class EventReader {
  readonly #listener: EventListener;
  /** Of a line that has not ended. */
  #pieces: Buffer[] = [];
  #data: string | null = null;
  #name: string | null = null;
  #isFirst = true;
  /** The last line ended with a CR, which an LF may belong to. */
  #endedInReturn = false;
  #isEnded = false;

  constructor(listener: EventListener) {
    this.#listener = listener;
  }

  /** Reads the next bytes. Throws what its listener throws. */
  add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const given = this.#endedInReturn && bytes[0] === lineFeed ? bytes.subarray(1) : bytes;
    this.#endedInReturn = false;
    const end = Math.max(given.lastIndexOf(lineFeed), given.lastIndexOf(carriageReturn)) + 1;
    if (end === 0) {
      this.#pieces.push(given);
      return;
    }
    this.#endedInReturn = end === given.length && given[end - 1] === carriageReturn;
    this.#readLines(this.#decode(given, end));
    if (end < given.length) this.#pieces.push(given.subarray(end));
  }

  /** There are no more bytes. A last event counts without its empty line, as servers leave it out. */
  end(): void {
    this.#readLines(`${this.#decode(noBytes, 0)}\n\n`);
    if (!this.#isEnded) this.#listener.noMoreEvents();
  }

  #decode(bytes: Buffer, end: number): string {
    let text: string;
    if (this.#pieces.length === 0) text = bytes.toString('utf8', 0, end);
    else {
      text = Buffer.concat([...this.#pieces, bytes.subarray(0, end)]).toString('utf8');
      this.#pieces = [];
    }
    if (this.#isFirst && text.startsWith(utf8Signature)) text = text.slice(1);
    this.#isFirst = false;
    return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  }

  /** Every line of the text has its end. */
  #readLines(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1 && !this.#isEnded; end = text.indexOf('\n', start)) {
      if (end === start) this.#endEvent();
      else this.#readLine(text, start, end);
      start = end + 1;
    }
  }

  #readLine(text: string, start: number, end: number): void {
    if (text.startsWith('data:', start)) {
      const value = valueAt(text, start + 5, end);
      this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
    } else if (text.startsWith('event:', start)) this.#name = valueAt(text, start + 6, end);
  }

  #endEvent(): void {
    const data = this.#data;
    const name = this.#name;
    this.#data = null;
    this.#name = null;
    if (data !== null) this.#isEnded = !this.#listener.event(data, name);
  }
}

function valueAt(text: string, at: number, end: number): string {
  return text.slice(text.charCodeAt(at) === 0x20 ? at + 1 : at, end);
}
