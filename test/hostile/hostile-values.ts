import { hostileHosts, hostileUrls } from '../support/hostile-targets.ts';

/**
 * JSON texts that stand in the place of any field: wrong types, wrong numbers, wrong characters, wrong
 * shapes.
 */
export const anyFieldValues: string[] = [
  'null',
  'true',
  '-1',
  '1.5e0',
  '1e400',
  '-0',
  '9007199254740993',
  '9'.repeat(400),
  '""',
  '"\\u0000"',
  '"\\ud800"',
  JSON.stringify('ﷺ\u202E'.repeat(5000)),
  '[]',
  '{}',
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{}}}',
  `${'['.repeat(70)}${']'.repeat(70)}`,
];

/** Instants that are none, or that another part would read as something else. */
const hostileInstants: string[] = [
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00+14:00',
  '9999-12-31T23:59:59-14:00',
  '+010000-01-01T00:00:00Z',
  '-000001-01-01T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '2199-12-31T23:59:59.999999999999Z',
  '2026-02-30T00:00:00Z',
  '2026-12-31T23:59:60Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:00:00+99:99',
  '2026-01-01 00:00:00Z',
  'infinity',
  'epoch',
];

/** Amounts that money is not. */
const hostileAmounts = [
  '1e3',
  '-0',
  '1e-9',
  '9223372036854775808',
  '1.0000000001',
  '١',
  'NaN',
  ' 1',
  '0x10',
  '1,5',
];

/** What fits the meaning of a field, known by what it holds in a good body. */
export function fittingValues(good: unknown): string[] {
  if (typeof good !== 'string') return [];
  if (/^\d{4}-\d\d-\d\dT/.test(good)) return hostileInstants.map((text) => JSON.stringify(text));
  if (/^https?:\/\//.test(good)) {
    return [...hostileUrls, ...hostileHosts.slice(0, 12).map((host) => `https://${host}/`)].map((text) =>
      JSON.stringify(text),
    );
  }
  if (/^\d+(\.\d+)?$/.test(good)) return hostileAmounts.map((text) => JSON.stringify(text));
  return [];
}

/** Texts that stand where a query or a path takes one, before they are encoded. */
export const addressTexts: string[] = [
  '',
  ' ',
  '0',
  '-1',
  '1e9',
  '99999999999999999999',
  'NaN',
  'null',
  'true',
  '[]',
  '..',
  '../../../../etc/passwd',
  "' or 1=1 --",
  '%',
  '\0',
  '\r\nx-injected: yes\r\n\r\n',
  '\uFEFF',
  '𝟏',
  '🦝'.repeat(40),
  'a'.repeat(4000),
  '__proto__',
  'job_00000000000000000000000000000000',
  ...hostileInstants.slice(0, 4),
];

/** Pieces of an address that are no percent-encoding of any text. */
export const brokenEncodings: string[] = [
  '%',
  '%zz',
  '%ff',
  '%c0%ae%c0%ae',
  '%ed%a0%80',
  '%00',
  '%2e%2e%2f',
  '%252e',
  ';',
  '//',
];
