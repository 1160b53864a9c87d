import type { Random } from '../../../tools/stack/random.ts';
import { fieldPaths, textWith } from '../field-paths.ts';
import { type Kind, requestTo, routesWithBody } from '../good-request.ts';
import { anyFieldValues } from '../hostile-values.ts';

const name = 'mutation';

/** Changes to the text of a body that keep it nearly JSON. */
const changes: Record<string, (text: string, random: Random) => string> = {
  'cut off': (text, random) => text.slice(0, random.int(text.length)),
  'a byte changed': (text, random) => {
    const position = random.int(text.length);
    return `${text.slice(0, position)}${String.fromCharCode(random.between(1, 126))}${text.slice(position + 1)}`;
  },
  'a byte missing': (text, random) => {
    const position = random.int(text.length);
    return text.slice(0, position) + text.slice(position + 1);
  },
  'said twice': (text) => text + text,
  'something after it': (text, random) => text + random.pick(['{}', ',', '\0', '//', '\u00a0', ' null']),
  'a key twice': (text, random) => {
    const keys = [...text.matchAll(/"(\w+)":/g)];
    const key = random.pick(keys);
    return text.replace(key[0], `${key[0]}${random.pick(anyFieldValues)},${key[0]}`);
  },
  'another key beside': (text, random) => {
    const key = random.pick([
      '__proto__',
      'constructor',
      '',
      'toString',
      '\\u0000',
      'x'.repeat(5000),
      'a.b[0]',
      'ключ',
    ]);
    return text.replace('{', `{"${key}":${random.pick(anyFieldValues)},`);
  },
  'numbers as JavaScript writes them': (text, random) =>
    text.replace(
      /:\d[\d.]*/,
      () =>
        `:${random.pick(['NaN', 'Infinity', '0x10', '01', '1.', '.5', '+1', '1_000', '-0', '1e400', '1E-400'])}`,
    ),
  'as JavaScript writes it': (text, random) =>
    random.pick([
      text.replaceAll('"', "'"),
      text.replace(/"(\w+)":/g, '$1:'),
      text.replace('{', '{/* */'),
      text.replace('}', ',}'),
    ]),
  'nested deeply': (text, random) => {
    const depth = random.pick([63, 64, 65, 500, 50_000]);
    return text.replace(/:("[^"]*"|\d+)/, () => `:${'[['.repeat(depth / 2)}${']]'.repeat(depth / 2)}`);
  },
  'escapes of every kind': (text) =>
    text.replace(/[a-z]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`),
  'a long text': (text, random) =>
    text.replace(/"[^"\\]*"(?=[,}\]])/, () =>
      JSON.stringify(
        random.pick(['a', '1', 'é', '🦝', 'e\u0301', '\u200b']).repeat(random.pick([70_000, 300_000])),
      ),
    ),
  'not an object': (_text, random) => random.pick(['null', '[]', '0', '""', 'true', ' ', '[[]]', '"{}"']),
};

/** Bodies that were good before something was done to their text. */
export const mutations: Kind = {
  name,
  all: () => [],
  draw: (ground, random) => {
    const route = random.pick(routesWithBody(ground));
    const [how, change] = random.pick(Object.entries(changes));
    const body = ground.bodies[route.name];
    const text = random.chance(0.2)
      ? textWith(body, random.pick(fieldPaths(body)), random.pick(anyFieldValues))
      : JSON.stringify(body);
    return requestTo(ground, route, `${name}: ${how}`, { body: Buffer.from(change(text, random)) });
  },
};
