import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { Random } from '../../../tools/stack/random.ts';
import { type Kind, requestTo, routesWithBody } from '../good-request.ts';

const name = 'encoding';

type Encoded = { body: Buffer; headers?: [string, string][] };

const zeros = Buffer.alloc(2_000_000, '0');
/** Made once: a bomb is small to send, and long to make. */
const bombs = { gzip: gzipSync(zeros), br: brotliCompressSync(zeros), deflate: deflateSync(zeros) };
const wide = (text: string, unit: 2 | 4, big: boolean): Buffer => {
  const bytes = Buffer.alloc(text.length * unit);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const at = index * unit;
    if (unit === 2) big ? bytes.writeUInt16BE(code, at) : bytes.writeUInt16LE(code, at);
    else big ? bytes.writeUInt32BE(code, at) : bytes.writeUInt32LE(code, at);
  }
  return bytes;
};
/** Puts bytes into the first text of a body. */
const spliced = (text: string, bytes: number[]): Buffer => {
  const position = text.indexOf('"', text.indexOf(':')) + 1;
  return Buffer.concat([
    Buffer.from(text.slice(0, position)),
    Buffer.from(bytes),
    Buffer.from(text.slice(position)),
  ]);
};
const typed = (type: string): [string, string][] => [['content-type', type]];
const coded = (coding: string): [string, string][] => [['content-encoding', coding]];

/** Ways to write a body that are not UTF-8, not what the header says, or not taken. */
const ways: Record<string, (text: string, random: Random) => Encoded> = {
  'a byte order mark': (text) => ({ body: Buffer.from(`\uFEFF${text}`) }),
  'two byte order marks': (text) => ({ body: Buffer.from(`\uFEFF\uFEFF${text}`) }),
  'UTF-16LE': (text) => ({ body: wide(`\uFEFF${text}`, 2, false) }),
  'UTF-16BE that says so': (text) => ({
    body: wide(text, 2, true),
    headers: typed('application/json; charset=utf-16'),
  }),
  'UTF-32': (text) => ({ body: wide(text, 4, false), headers: typed('application/json; charset=utf-32') }),
  'UTF-7': (text) => ({
    body: Buffer.from(text.replace(/"/g, '+ACI-')),
    headers: typed('application/json; charset=utf-7'),
  }),
  'Latin-1': (text) => ({ body: Buffer.from(text.replace('e', 'é'), 'latin1') }),
  'EBCDIC by name': (text) => ({
    body: Buffer.from(text),
    headers: typed('application/json; charset=ibm037'),
  }),
  overlong: (text) => ({ body: spliced(text, [0xc0, 0xaf]) }),
  'an overlong NUL': (text) => ({ body: spliced(text, [0xc0, 0x80]) }),
  'CESU-8': (text) => ({ body: spliced(text, [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]) }),
  'half of a character': (text) => ({ body: spliced(text, [0xf0, 0x9f]) }),
  'beyond Unicode': (text) => ({ body: spliced(text, [0xf4, 0x90, 0x80, 0x80]) }),
  'control characters': (text) => ({ body: spliced(text, [0x00, 0x07, 0x1b, 0x7f]) }),
  gzip: (text) => ({ body: gzipSync(text), headers: coded('gzip') }),
  'gzip that is none': (text) => ({ body: Buffer.from(text), headers: coded('gzip') }),
  'gzip nobody speaks of': (text) => ({ body: gzipSync(text) }),
  'a bomb in gzip': () => ({ body: bombs.gzip, headers: coded('gzip') }),
  'a bomb in brotli': () => ({ body: bombs.br, headers: coded('br') }),
  'a bomb in deflate': () => ({ body: bombs.deflate, headers: coded('deflate') }),
  'many codings': (text) => ({ body: Buffer.from(text), headers: coded('gzip, gzip, br, identity, x') }),
  'a type of its own': (text, random) => ({
    body: Buffer.from(text),
    headers: typed(
      random.pick([
        'text/plain',
        'application/jsonp',
        'application/vnd.api+json',
        'application/xml',
        'multipart/form-data',
        'application/x-www-form-urlencoded',
        'application/json, text/plain',
        'application/json; charset="',
        'APPLICATION/JSON',
        'application/json;;;=;',
        '*/*',
        '',
        'a'.repeat(3000),
        'application/json; boundary=x',
      ]),
    ),
  }),
  'an empty body': () => ({ body: Buffer.alloc(0) }),
  'only blanks': () => ({ body: Buffer.from(' \n\t\r') }),
  'lines of JSON': (text) => ({ body: Buffer.from(`${text}\n${text}\n`) }),
  'bytes at random': (_text, random) => ({
    body: Buffer.from(Array.from({ length: 400 }, () => random.int(256))),
  }),
};

export const encodings: Kind = {
  name,
  all: (ground, random) =>
    routesWithBody(ground).flatMap((route) =>
      Object.entries(ways).map(([how, way]) =>
        requestTo(ground, route, `${name}: ${how}`, way(JSON.stringify(ground.bodies[route.name]), random)),
      ),
    ),
  draw: (ground, random) => {
    const route = random.pick(routesWithBody(ground));
    const [how, way] = random.pick(Object.entries(ways));
    return requestTo(
      ground,
      route,
      `${name}: ${how}`,
      way(JSON.stringify(ground.bodies[route.name]), random),
    );
  },
};
