import type { Random } from '../../tools/stack/random.ts';
import { type FieldPath, fieldPaths, textWith } from './field-paths.ts';
import { anyFieldValues } from './hostile-values.ts';

/** A file, for a batch; or only for an estimate, which goes on after a line that would fail a batch. */
export type BatchFile = { how: string; endpoint: string; content: string; onlyEstimated?: boolean };

/** How many of the lines that fail a batch are tried in one of their own, each time others. */
const faultyBatches = 12;

type Endpoint = { url: string; body: unknown };
type Line = { custom_id: string; method: string; url: string; body: unknown };

function goodLine({ url, body }: Endpoint, customId: string): Line {
  return { custom_id: customId, method: 'POST', url, body };
}

/**
 * The files of a sweep. What is wrong inside a body is the matter of its line, so all such lines share a
 * file; what is wrong with a line fails its batch, so each such line has a file of its own, after a good one.
 */
export function hostileFiles(bodies: Record<string, unknown>, random: Random): BatchFile[] {
  const endpoints = ['/v1/chat/completions', '/v1/responses'].map((url) => ({
    url,
    body: batchBody(bodies[`POST ${url}`]),
  }));
  const [first] = endpoints as [Endpoint, ...Endpoint[]];
  return [
    ...endpoints.map((endpoint) => everyBodyField(endpoint)),
    ...endpoints.map((endpoint) => massesInBodies(endpoint, random)),
    ...everyLineField(first, random),
    ...wholeFiles(first),
  ];
}

/** A line is neither streamed nor in the background. */
function batchBody(body: unknown): unknown {
  const { stream: _, stream_options: __, background: ___, ...rest } = body as Record<string, unknown>;
  return rest;
}

function everyBodyField(endpoint: Endpoint): BatchFile {
  const lines = fieldPaths(endpoint.body).flatMap((path) =>
    anyFieldValues.map((value, index) =>
      lineWith(endpoint, `${path.join('.')} ${index}`, ['body', ...path], value),
    ),
  );
  return { how: 'every field of every body', endpoint: endpoint.url, content: `${lines.join('\n')}\n` };
}

function massesInBodies(endpoint: Endpoint, random: Random): BatchFile {
  const lines = fieldPaths(endpoint.body).map((path, index) => {
    const items = Array.from({ length: 20_000 }, () => random.pick(['1', '{}', '[]', 'null']));
    return lineWith(endpoint, `mass ${index}`, ['body', ...path], `[${items.join(',')}]`);
  });
  const heavy = Array.from({ length: 700_000 }, () => '1').join(',');
  const last = lineWith(endpoint, 'heavy', ['body', 'tools'], `[${heavy}]`);
  return { how: 'masses in every body', endpoint: endpoint.url, content: `${[...lines, last].join('\n')}\n` };
}

function everyLineField(endpoint: Endpoint, random: Random): BatchFile[] {
  const good = JSON.stringify(goodLine(endpoint, 'good'));
  const lines = ['custom_id', 'method', 'url', 'body'].flatMap((field) =>
    anyFieldValues.map((value, index) => ({
      how: `line field ${field}`,
      text: lineWith(endpoint, `${field} ${index}`, [field], value),
    })),
  );
  const all = { how: 'every field of every line', content: lines.map(({ text }) => text).join('\n') };
  const some = random.shuffle(lines).slice(0, faultyBatches);
  return [
    { ...all, endpoint: endpoint.url, onlyEstimated: true },
    ...some.map(({ how, text }) => ({ how, endpoint: endpoint.url, content: `${good}\n${text}\n` })),
  ];
}

function lineWith(endpoint: Endpoint, customId: string, path: FieldPath, value: string): string {
  return textWith(goodLine(endpoint, customId.slice(0, 500)), path, value);
}

/** Files that are no lines, or lines that are no JSON. */
function wholeFiles(endpoint: Endpoint): BatchFile[] {
  const good = JSON.stringify(goodLine(endpoint, 'good'));
  const other = JSON.stringify(goodLine(endpoint, 'other'));
  const contents: Record<string, string> = {
    'one line without an end': good,
    'a byte order mark': `\uFEFF${good}\n`,
    'lines that end in CRLF': `${good}\r\n${other}\r\n`,
    'empty lines': `\n\n${good}\n\n \n${other}\n\n`,
    'the same line twice': `${good}\n${good}\n`,
    'a line that is an array': `${good}\n[]\n`,
    'a line that is no JSON': `${good}\n{"custom_id":\n`,
    'two objects on a line': `${good}${other}\n`,
    'a NUL between': `${good}\n\0\n${other}\n`,
    'only NULs': '\0'.repeat(3000),
    'another separator': `${good}\u2028${other}\n`,
    'a long line of blanks': `${good}\n${' '.repeat(300_000)}\n${other}\n`,
    'a line nested deeply': `${good}\n${'['.repeat(100_000)}\n`,
    'many short lines': '{}\n'.repeat(5000),
  };
  return Object.entries(contents).map(([how, content]) => ({
    how: `file: ${how}`,
    endpoint: endpoint.url,
    content,
  }));
}

/**
 * Requests of a message batch with every field of a body replaced by what JSON can say and a database can
 * keep.
 */
export function messageBatchOf(body: unknown): string {
  const storable = anyFieldValues.filter((value) => !/\\u0000|\\ud800|__proto__|\[{64}/.test(value));
  const requests = fieldPaths(body).flatMap((path) => storable.map((value) => textWith(body, path, value)));
  const texts = requests.map((params, index) => `{"custom_id":"r${index}","params":${params}}`);
  return `{"requests":[${texts.join(',')}]}`;
}
