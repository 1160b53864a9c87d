import { isUtf8 } from 'node:buffer';
import { type BatchEndpointName, type BatchFault, batchLineBytesMax } from '../domain/batch.ts';
import { faultOf } from '../requests/json-values.ts';
import type { FileLine } from './file-lines.ts';

/** A line that can be judged; its body has not been looked at. `escapes`: whether the text held `\u`. */
export type ParsedLine = { line: number; customId: string; body: unknown; escapes: boolean };

const customIdMax = 512;
const lineMebibytesMax = batchLineBytesMax / 1024 ** 2;

/** Reads one line of an input file (`{custom_id, method, url, body}`). A fault of the line itself fails its whole batch. */
export function parseLine(given: FileLine, endpoint: BatchEndpointName): ParsedLine | BatchFault {
  const { line, bytes } = given;
  const fault = (code: BatchFault['code'], message: string, param: string | null = null): BatchFault => ({
    code,
    line,
    message,
    param,
  });
  if (bytes === null) return fault('invalid_json_line', `This line is longer than ${lineMebibytesMax} MiB.`);
  const text = isUtf8(bytes) ? bytes.toString('utf8').replace(/^\uFEFF/, '') : '';
  const value = parseObject(text);
  if (value === null) return fault('invalid_json_line', 'This line is not parseable as a JSON object.');
  const { custom_id: customId, method, url, body } = value;
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
  return { line, customId, body, escapes: text.includes('\\u') };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
