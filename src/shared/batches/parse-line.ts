import { isUtf8 } from 'node:buffer';
import type { Refusal } from '../errors.ts';
import { batchLineBytesMax } from '../formats/common/batch-limits.ts';
import { tooManyValues } from '../formats/common/client-json.ts';
import { faultOf } from '../formats/common/json-values.ts';
import { measureJson, requestLimits } from '../platform/json/measure-json.ts';
import { membersOf } from '../platform/json/members.ts';
import { readScannedJson } from '../platform/json/read-json.ts';
import type { FileLine } from './file-lines.ts';
import type { BatchEndpointName, BatchFault } from './rules/batch.ts';

/**
 * A line that can be validated; its body has not been looked at. `escapes`: whether the text held `\u`.
 * `unread`: why no value was made of the body.
 */
export type ParsedLine = {
  line: number;
  customId: string;
  body: unknown;
  escapes: boolean;
  unread?: Refusal;
};

const customIdMax = 512;
const lineMebibytesMax = batchLineBytesMax / 1024 ** 2;

/**
 * Reads one line of an input file (`{custom_id, method, url, body}`). A fault of the line itself fails its
 * whole batch.
 */
export function parseLine(given: FileLine, endpoint: BatchEndpointName): ParsedLine | BatchFault {
  const { line, bytes } = given;
  const fault = (code: BatchFault['code'], message: string, param: string | null = null): BatchFault => ({
    code,
    line,
    message,
    param,
  });
  if (bytes === null) return fault('invalid_json_line', `This line is longer than ${lineMebibytesMax} MiB.`);
  const read = isUtf8(bytes) ? readLine(withoutMark(bytes)) : notJson;
  if (typeof read === 'string') return fault('invalid_json_line', read);
  const { custom_id: customId, method, url } = read.shell;
  if (typeof customId !== 'string' || customId === '') {
    return fault('missing_custom_id', 'Every line needs a custom_id, a text that is not empty.', 'custom_id');
  }
  if (customId.length > customIdMax || faultOf(customId) !== null) {
    return fault(
      'invalid_custom_id',
      `A custom_id has at most ${customIdMax} characters that can be stored.`,
      'custom_id',
    );
  }
  if (url !== endpoint) {
    return fault('url_mismatch', `The url must be the endpoint of the batch, ${endpoint}.`, 'url');
  }
  if (method !== 'POST') return fault('url_mismatch', 'The method must be "POST".', 'method');
  return { line, customId, ...read.content };
}

const notJson = 'This line is not parseable as a JSON object.';

type LineContent = Pick<ParsedLine, 'body' | 'escapes' | 'unread'>;

/**
 * What is around the body, and the body. A body that holds more values than work is done for is not made into
 * any: the line alone is refused for it, so what is around it is read apart. A text says why the whole line
 * cannot be read.
 */
function readLine(bytes: Buffer): { shell: Record<string, unknown>; content: LineContent } | string {
  const members = [...firstMembers(bytes)];
  const body = members.findLast(({ key }) => key === 'body');
  const outside =
    body === undefined
      ? bytes
      : Buffer.concat([bytes.subarray(0, body.start), Buffer.from('null'), bytes.subarray(body.end)]);
  const { excess } = measureJson(outside, requestLimits);
  if (excess !== null) return tooManyValues(excess, 'This line').message;
  const shell = parse(outside.toString('utf8'), false);
  if (!isObject(shell.value)) return notJson;
  // Its key may be written with an escape, and then it was not found.
  if (body === undefined) {
    return { shell: shell.value, content: { body: shell.value['body'], escapes: true } };
  }
  const content = readBody(bytes.subarray(body.start, body.end));
  return content === null ? notJson : { shell: shell.value, content };
}

function readBody(bytes: Buffer): LineContent | null {
  const { excess, escapes, changesNumbers } = measureJson(bytes, requestLimits);
  if (excess !== null) return { body: undefined, escapes, unread: tooManyValues(excess, 'The body') };
  const { value, isJson } = parse(bytes.toString('utf8'), changesNumbers);
  return isJson ? { body: value, escapes } : null;
}

/** More members than this a line does not have. */
const lineMembersMax = 100;

function* firstMembers(bytes: Buffer) {
  let count = 0;
  for (const member of membersOf(bytes, 0, bytes.length)) {
    yield member;
    count += 1;
    if (count === lineMembersMax) return;
  }
}

function parse(text: string, changesNumbers: boolean): { isJson: boolean; value: unknown } {
  try {
    return { isJson: true, value: readScannedJson(text, changesNumbers) };
  } catch {
    return { isJson: false, value: undefined };
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const mark = Buffer.from('\uFEFF');

function withoutMark(bytes: Buffer): Buffer {
  return bytes.subarray(0, mark.length).equals(mark) ? bytes.subarray(mark.length) : bytes;
}
