import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventReader } from '../../../src/workers/providers/event-reader.ts';

type Read = { data: string; name: string | null };

/** What is read of these bytes when they come cut at these positions; `last` ends the reading. */
function read(bytes: Buffer, cuts: number[] = [], last: string | null = null) {
  const events: Read[] = [];
  let ends = 0;
  const reader = new EventReader({
    event(data, name) {
      events.push({ data, name });
      return data !== last;
    },
    noMoreEvents: () => {
      ends += 1;
    },
  });
  const positions = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...positions, bytes.length]) {
    reader.add(bytes.subarray(from, to));
    from = to;
  }
  reader.end();
  return { events, ends };
}

const one = (data: string, name: string | null = null): Read => ({ data, name });

test.each<[what: string, text: string, events: Read[]]>([
  ['lines that end with LF', 'data: a\n\ndata: b\n\n', [one('a'), one('b')]],
  ['with CR and LF', 'event: e\r\ndata: a\r\n\r\ndata: b\r\n\r\n', [one('a', 'e'), one('b')]],
  ['with CR', 'event: e\rdata: a\r\rdata: b\r\r', [one('a', 'e'), one('b')]],
  ['one blank after the colon, which is no part of it', 'data:a\n\ndata:  b\n\n', [one('a'), one(' b')]],
  ['data of several lines', 'data: {"a":\ndata: 1}\n\n', [one('{"a":\n1}')]],
  ['comments and unknown fields', ': busy\n\nid: 1\nretry: 5\nwhat\ndata: a\n: x\n\n', [one('a')]],
  ['a name of its own for each event', 'event: e\ndata: a\n\ndata: b\n\n', [one('a', 'e'), one('b')]],
  ['no event without data', 'event: ping\n\ndata: a\n\n', [one('a')]],
  ['empty data', 'data:\n\n', [one('')]],
  ['a last event without its empty line', 'data: a\n\ndata: b', [one('a'), one('b')]],
  ['the mark of its coding before the first', '\uFEFFdata: a\n\n', [one('a')]],
  ['characters of several bytes', 'data: żółw 🐢\n\n', [one('żółw 🐢')]],
  ['nothing', '', []],
])('of a stream it reads %s, however its bytes are cut', (_what, text, events) => {
  const bytes = Buffer.from(text);
  expect(read(bytes)).toEqual({ events, ends: 1 });
  const everywhere = Array.from({ length: bytes.length }, (_, at) => at);
  expect(read(bytes, everywhere)).toEqual({ events, ends: 1 });
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 6 }), (cuts) => {
      expect(read(bytes, cuts)).toEqual({ events, ends: 1 });
    }),
  );
});

test('whatever comes behind the last event that is wanted is not looked at', () => {
  const bytes = Buffer.from('data: a\n\ndata: b\n\ndata: c\n\n');
  for (const cuts of [[], [9, 18]])
    expect(read(bytes, cuts, 'b')).toEqual({ events: [one('a'), one('b')], ends: 0 });
});
