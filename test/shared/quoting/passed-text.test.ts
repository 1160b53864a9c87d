import { expect, it } from 'vitest';
import { readJson } from '../../../src/shared/platform/json/read-json.ts';
import { measurePassed } from '../../../src/shared/quoting/passed-text.ts';

const bytesOf = (body: unknown) => measurePassed(body).text.utf8Bytes;

it.each<[string, unknown, string]>([
  ['a text wherever it stands', { a: [{ b: 'some words' }] }, 'absome words'],
  ['a number and a truth', { a: 1.5, b: true, c: null }, 'a1.5btruecnull'],
  [
    'a number of more digits than a double has',
    readJson('{"a":12345678901234567890}'),
    'a12345678901234567890',
  ],
  ['an image by its address', { url: 'https://host/a.png' }, 'urlhttps://host/a.png'],
  ['an image in place, without its bytes', { url: 'data:image/png;base64,AAAA' }, 'url'],
  ['a document’s kind, without its bytes', { type: 'base64', data: 'AAAA' }, 'typebase64'],
  ['data that is no document', { type: 'note', data: 'AAAA' }, 'typenotedataAAAA'],
])('%s is measured', (_what, body, text) => {
  expect(bytesOf(body)).toBe(Buffer.byteLength(text));
});

it.each<[string, unknown, boolean]>([
  ['a mark for an hour', { system: [{ cache_control: { type: 'ephemeral', ttl: '1h' } }] }, true],
  ['a mark for five minutes', { system: [{ cache_control: { type: 'ephemeral', ttl: '5m' } }] }, false],
  ['the same words in a text', { system: '{"ttl":"1h"}' }, false],
])('%s: the hour is found where it is asked for', (_what, body, hourCache) => {
  expect(measurePassed(body).hourCache).toBe(hourCache);
});
