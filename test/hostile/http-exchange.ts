import { connect, type Socket } from 'node:net';

/** One request as it is sent, byte for byte; nothing in between corrects it. */
export type Sent = { bytes: Buffer; closesAfterwards: boolean };

/** One answer as it was read. Names of headers are in lower case; interim answers (1xx) are passed over. */
export type Answer = {
  status: number;
  headers: [name: string, value: string][];
  body: Buffer;
};

/** What came of a request: the answers in their order, and bytes that are no answer. */
export type Exchange = { answers: Answer[]; rest: Buffer; sentAll: boolean };

/** Nothing of the sweep takes this long unless it hangs; what does is told as a request without an answer. */
const silenceMsMax = 90_000;

/**
 * Sends bytes over a connection of their own and reads until the server closes it. A stream of events that
 * may last is read until its first event. `closesAfterwards` ends our side once all is sent, for what the
 * server would else wait to see the rest of.
 */
export async function exchange(url: URL, sent: Sent, leaveAfterBytes?: number): Promise<Exchange> {
  const socket = connect(Number(url.port), url.hostname);
  socket.setNoDelay(true);
  const pieces: Buffer[] = [];
  const isRead = sent.bytes.subarray(0, 4).toString('latin1') === 'GET ';
  const part = leaveAfterBytes === undefined ? sent.bytes : sent.bytes.subarray(0, leaveAfterBytes);
  await new Promise<void>((done) => {
    socket.once('close', () => done());
    socket.on('error', () => undefined);
    socket.setTimeout(silenceMsMax, () => socket.destroy());
    socket.once('connect', () => {
      if (leaveAfterBytes !== undefined) socket.write(part, () => socket.destroy());
      else if (sent.closesAfterwards) socket.end(part);
      else socket.write(part);
    });
    socket.on('data', (piece) => {
      pieces.push(piece);
      if (isRead) leaveEndlessStream(socket, pieces);
    });
  });
  return { ...readAnswers(Buffer.concat(pieces)), sentAll: leaveAfterBytes === undefined };
}

/**
 * A reader of a job's events goes on for as long as the job does; one that has seen some may go. Calls are
 * read to their end.
 */
function leaveEndlessStream(socket: Socket, pieces: Buffer[]): void {
  if (pieces.length > 3) return;
  const [head, ...events] = Buffer.concat(pieces).toString('latin1').split('\r\n\r\n');
  if (/\r\ncontent-type: text\/event-stream/i.test(head ?? '') && events.join('').includes('\n\n'))
    socket.destroy();
}

/** Takes answers apart, one after the other, as RFC 9112 says where each ends. */
export function readAnswers(bytes: Buffer): { answers: Answer[]; rest: Buffer } {
  const answers: Answer[] = [];
  let rest = bytes;
  for (;;) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) return { answers, rest };
    const [line = '', ...lines] = rest.subarray(0, headEnd).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1] ?? Number.NaN);
    if (Number.isNaN(status)) return { answers, rest };
    const headers = lines.map(toHeader);
    const { body, end } = readBody(rest.subarray(headEnd + 4), status, headers);
    rest = rest.subarray(headEnd + 4 + end);
    if (status >= 200) answers.push({ status, headers, body });
  }
}

function toHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

/** The first value of a header, or null. */
export function headerOf(answer: Pick<Answer, 'headers'>, name: string): string | null {
  return answer.headers.find(([known]) => known === name)?.[1] ?? null;
}

function readBody(bytes: Buffer, status: number, headers: Answer['headers']): { body: Buffer; end: number } {
  const none = { body: Buffer.alloc(0), end: 0 };
  if (status < 200 || status === 204 || status === 304) return none;
  if (headerOf({ headers }, 'transfer-encoding') === 'chunked') return readChunks(bytes);
  const length = headerOf({ headers }, 'content-length');
  if (length === null) return { body: bytes, end: bytes.length };
  // The answer to a HEAD says how long the body would be and has none.
  if (bytes.length === 0) return none;
  const end = Math.min(Number(length), bytes.length);
  return { body: bytes.subarray(0, end), end };
}

function readChunks(bytes: Buffer): { body: Buffer; end: number } {
  const pieces: Buffer[] = [];
  let position = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', position);
    if (lineEnd < 0) return { body: Buffer.concat(pieces), end: bytes.length };
    const size = Number.parseInt(bytes.subarray(position, lineEnd).toString('latin1'), 16);
    position = lineEnd + 2;
    if (!(size > 0)) {
      const end = bytes.indexOf('\r\n', position);
      return { body: Buffer.concat(pieces), end: end < 0 ? bytes.length : end + 2 };
    }
    pieces.push(bytes.subarray(position, position + size));
    position += size + 2;
  }
}
