import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { invalid, type Problem, Refusal } from '../../errors.ts';
import { type JsonLimits, measureJson, requestLimits } from '../../platform/json/measure-json.ts';
import { type Member, membersOf } from '../../platform/json/members.ts';
import { batchLinesMax } from '../common/batch-limits.ts';
import { readClientJson, tooManyValues } from '../common/client-json.ts';
import { problemsOf } from '../common/zod-problems.ts';

const requestSchema = z.strictObject({
  custom_id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
    error: 'must be 1 to 64 letters, digits, underscores or dashes',
  }),
  params: z.looseObject({}),
});

const requestsMax = `must have at most ${batchLinesMax} requests`;

/**
 * The body of `POST /v1/messages/batches` (SDK 1.12 `BatchCreateParams`). What is wrong inside `params`
 * becomes the result of that request.
 */
export const messageBatchSchema = z.strictObject({
  requests: z
    .array(requestSchema)
    .min(1, { error: 'must have at least one request' })
    .max(batchLinesMax, { error: requestsMax }),
});

/** The requests of a batch as the lines of its file, in pieces of about a mebibyte, and how many they are. */
export type MessageBatchLines = { requests: number; pieces: Uint8Array[] };

/**
 * As many requests as a batch may have, with twenty values each: the whole is no request, and each is
 * validated as one by itself.
 */
export const messageBatchLimits: JsonLimits = { valuesMax: 20 * batchLinesMax, membersMax: batchLinesMax };
const pieceBytes = 1024 * 1024;

/**
 * Reads a batch one request at a time, so that no more than one is ever made into values, and keeps what each
 * is sent with as it was written. Throws a Refusal for what is wrong around `params`, or is no JSON.
 */
export function readMessageBatch(given: Buffer): MessageBatchLines {
  const bytes = given.subarray(0, mark.length).equals(mark) ? given.subarray(mark.length) : given;
  if (!isUtf8(bytes)) throw new Refusal('invalid_json', 'The body is not valid UTF-8');
  const { excess } = measureJson(bytes, messageBatchLimits);
  if (excess?.path === 'requests' && excess.kind === 'membersMax') {
    throw invalid([{ param: 'requests', message: requestsMax }]);
  }
  if (excess !== null) throw tooManyValues(excess, 'The body');
  const member = memberOf(bytes, { key: null, start: 0, end: bytes.length }, 'requests');
  // Without the array itself, what is around it is a small body like any other.
  const outside = member === null ? bytes : without(bytes, member, '[{"custom_id":"a","params":{}}]');
  const around = messageBatchSchema.safeParse(readClientJson(outside));
  if (!around.success) throw invalid(problemsOf(around.error));
  if (member === null || bytes[member.start] !== openBracket) throw invalid([notThere]);
  return readRequests(bytes, member);
}

const mark = Buffer.from('\uFEFF');
const openBracket = '['.charCodeAt(0);
const notThere: Problem = { param: 'requests', message: 'must be an array of requests' };

function readRequests(bytes: Buffer, member: Member): MessageBatchLines {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const lines = new Lines();
  let index = 0;
  let between = '';
  let readTo = member.start;
  for (const request of membersOf(bytes, member.start, member.end)) {
    between += `${bytes.toString('utf8', readTo, request.start)}0`;
    readTo = request.end;
    const at = `requests.${index}`;
    const params = memberOf(bytes, request, 'params');
    const shell = readShell(bytes, request, params, at);
    if (shell.success) {
      const { custom_id } = shell.data;
      const message = `${JSON.stringify(custom_id)} is used by an earlier request of this batch`;
      if (seen.has(custom_id)) problems.push({ param: `${at}.custom_id`, message });
      seen.add(custom_id);
      if (params !== null) lines.add(custom_id, bytes.subarray(params.start, params.end));
    } else {
      const own = problemsOf(shell.error);
      problems.push(
        ...own.map(({ param, message }) => ({ param: param === '' ? at : `${at}.${param}`, message })),
      );
    }
    index += 1;
  }
  refuseBroken(between + bytes.toString('utf8', readTo, member.end));
  if (index === 0) throw invalid([{ param: 'requests', message: 'must have at least one request' }]);
  if (problems.length > 0) throw invalid(problems);
  return { requests: index, pieces: lines.end() };
}

/** The list with nothing in the place of its requests, each of which is looked at by itself. */
function refuseBroken(list: string): void {
  try {
    JSON.parse(list);
  } catch (error) {
    const message =
      'The body is not valid JSON: the list "requests" has something else between two requests than a comma';
    throw new Refusal('invalid_json', message, { param: 'requests' }, error);
  }
}

/**
 * What is around the params, which have to be JSON; those that hold too much are not looked into, and refused
 * when they are validated.
 */
function readShell(bytes: Buffer, request: Member, params: Member | null, at: string) {
  const own = bytes.subarray(request.start, request.end);
  if (params === null) return requestSchema.safeParse(readPart(own, at));
  const inside = bytes.subarray(params.start, params.end);
  const isTooLarge = measureJson(inside, requestLimits).excess !== null;
  const value = isTooLarge ? {} : readPart(inside, `${at}.params`);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const inOwn = { ...params, start: params.start - request.start, end: params.end - request.start };
  return requestSchema.safeParse(readPart(without(own, inOwn, isObject ? '{}' : 'null'), at));
}

function readPart(bytes: Buffer, at: string): unknown {
  try {
    return readClientJson(bytes);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(error.type, `${at}: ${error.message}`, { ...error.extras, param: at }, error);
  }
}

function memberOf(bytes: Buffer, owner: Member, key: string): Member | null {
  let found: Member | null = null;
  // The last one, as JSON.parse takes it.
  for (const member of membersOf(bytes, owner.start, owner.end)) if (member.key === key) found = member;
  return found;
}

function without(bytes: Buffer, { start, end }: Member, put: string): Buffer {
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(put), bytes.subarray(end)]);
}

/** Puts lines together to pieces. */
class Lines {
  #pieces: Uint8Array[] = [];
  #waiting: Buffer[] = [];
  #size = 0;

  add(customId: string, params: Buffer): void {
    const head = `{"custom_id":${JSON.stringify(customId)},"method":"POST","url":"/v1/messages","body":`;
    const line = Buffer.concat([Buffer.from(head), params, Buffer.from('}')]);
    // Between values a line break says no more than a blank, and in a text there is none.
    for (let at = line.indexOf('\n'); at !== -1; at = line.indexOf('\n', at)) line[at] = blank;
    for (let at = line.indexOf('\r'); at !== -1; at = line.indexOf('\r', at)) line[at] = blank;
    this.#waiting.push(line, newline);
    this.#size += line.length + 1;
    if (this.#size >= pieceBytes) this.#flush();
  }

  end(): Uint8Array[] {
    if (this.#size > 0) this.#flush();
    return this.#pieces;
  }

  #flush(): void {
    this.#pieces.push(Buffer.concat(this.#waiting, this.#size));
    this.#waiting = [];
    this.#size = 0;
  }
}

const blank = ' '.charCodeAt(0);
const newline = Buffer.from('\n');
