import type { Kind } from '../good-request.ts';
import type { HostileRequest } from '../hostile-request.ts';

const body = '{"model":"x"}';
const quiet = 'GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n';
const last = 'GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';

/**
 * A whole request hidden in another, under the key of an account that nobody else uses: if it is ever done,
 * it leaves a job there.
 */
function hiddenJob(key: string): string {
  const text = JSON.stringify({
    request: { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'hidden' }], max_tokens: 1 },
  });
  return `POST /v1/jobs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
}

/** `POST /v1/estimates` whose head ends in these lines, and what follows the head. */
const post = (lines: string, rest: string, eol = '\r\n') =>
  ['POST /v1/estimates HTTP/1.1', 'host: x', 'content-type: application/json', lines].join(eol) +
  eol +
  eol +
  rest;
const get = (line: string, rest = '') => `${line}\r\nhost: x\r\n\r\n${rest}`;
const chunked = 'transfer-encoding: chunked';

/**
 * Requests whose end two readers may see in different places, and inside which something is hidden, by any
 * reading of RFC 9112.
 */
function smuggling(hidden: string): Record<string, string> {
  const long = `content-length: ${body.length + hidden.length}`;
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const te = (value: string) => post(`content-length: 4\r\n${value}`, chunk + hidden);
  return {
    'CL.TE': post(`${long}\r\n${chunked}`, `0\r\n\r\n${hidden}`),
    'TE.CL': post(`${chunked}\r\ncontent-length: 4`, `5c\r\n${hidden}\r\n0\r\n\r\n`),
    'CL.CL': post(`content-length: ${body.length}\r\n${long}`, body + hidden),
    'CL list': post(`content-length: ${body.length}, ${body.length + 1}`, body + hidden),
    'CL signed': post('content-length: +13', body + hidden),
    'CL negative': post('content-length: -1', body + hidden),
    'CL hex': post('content-length: 0xd', body + hidden),
    'CL with a blank': post('content-length : 13', body + hidden),
    'CL of digits': post(`content-length: ${'9'.repeat(40)}`, body + hidden),
    'CL on a GET': [
      'GET /health/live HTTP/1.1',
      'host: x',
      `content-length: ${hidden.length}`,
      '',
      hidden,
    ].join('\r\n'),
    'TE identity': te('transfer-encoding: identity'),
    'TE twice': te(`${chunked}\r\ntransfer-encoding: x`),
    'TE list': te('transfer-encoding: x, chunked'),
    'TE with a tab': te('transfer-encoding:\tchunked'),
    'TE with a blank': te('transfer-encoding : chunked'),
    'TE folded': te('transfer-encoding:\r\n chunked'),
    'TE in capitals': te('Transfer-Encoding: CHUNKED'),
    'TE in quotes': te('transfer-encoding: "chunked"'),
    'TE with a vertical tab': te('transfer-encoding: \x0bchunked'),
    'TE with NUL': te('transfer-encoding: chunked\0'),
    'TE in HTTP/1.0':
      `POST /v1/estimates HTTP/1.0\r\nhost: x\r\n${chunked}\r\n` +
      `content-length: 4\r\n\r\n${chunk}${hidden}`,
    'a chunk size too large': post(chunked, `ffffffffffffffff1\r\n${hidden}`),
    'a chunk size below zero': post(chunked, `-1\r\n${hidden}`),
    'a chunk size in 0x': post(chunked, `0x5\r\n${hidden}\r\n0\r\n\r\n`),
    'a chunk without its end': post(chunked, `5\r\n1234567\r\n0\r\n\r\n${hidden}`),
    'a chunk extension with a bare LF': post(chunked, `5;a\nb\r\n12345\r\n0\r\n\r\n${hidden}`),
    'chunks that end by LF': post(chunked, `5\n12345\n0\n\n${hidden}`),
    'a bare LF': post('content-length: 0', hidden, '\n'),
    'a bare CR': post('content-length: 0\rx: y', hidden),
    'a bare CR at the end': `GET /health/live HTTP/1.1\rhost: x\r\r${hidden}`,
    'a header that holds a request': `GET /health/live HTTP/1.1\r\nhost: x\r\nx: y\n\n${hidden}`,
    'a path that holds a request': `GET /health/live\r\n\r\n${hidden} HTTP/1.1\r\nhost: x\r\n\r\n`,
    tunnel: `CONNECT gateway:80 HTTP/1.1\r\nhost: x\r\n\r\n${hidden}`,
  };
}

/** What is no HTTP/1.1, or is so in a way that nobody uses. */
const malformed: Record<string, string> = {
  'CL with an underscore': post('content_length: 500\r\ncontent-length: 0', last),
  'a chunk size with a blank': post(chunked, `5 \r\n12345\r\n0\r\n\r\n${last}`),
  'a chunk extension of much': post(chunked, `5;${'x'.repeat(20_000)}\r\n12345\r\n0\r\n\r\n${last}`),
  'trailers that are heads': post(
    chunked,
    `0\r\ncontent-length: 5\r\nauthorization: Bearer x\r\n\r\n${last}`,
  ),
  'an expectation': post('expect: 100-continue\r\ncontent-length: 0', last),
  'an upgrade': `GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n${last}`,
  'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'HTTP/0.9': 'GET /health/live\r\n',
  'HTTP/9.9': get('GET / HTTP/9.9'),
  'http in lower case': get('GET / http/1.1'),
  'no version': get('GET /'),
  'no path': get('GET  HTTP/1.1'),
  'a path without a slash': get('GET v1/jobs HTTP/1.1'),
  'a star': get('OPTIONS * HTTP/1.1'),
  'a star to GET': get('GET * HTTP/1.1'),
  'a whole URL': get('GET http://evil.example/v1/jobs HTTP/1.1'),
  'a whole URL of another kind': get('GET file:///etc/passwd HTTP/1.1'),
  'a path with a blank': get('GET /v1/jobs x HTTP/1.1'),
  'a path with bytes': get('GET /v1/\xff\xfe HTTP/1.1'),
  'a path of 20,000': get(`GET /${'a'.repeat(20_000)} HTTP/1.1`),
  'no host': 'GET /health/live HTTP/1.1\r\n\r\n',
  'two hosts': 'GET /health/live HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n',
  'a header without a name': get('GET /health/live HTTP/1.1\r\n: x'),
  'a header without a colon': get('GET /health/live HTTP/1.1\r\nnothing'),
  'a header with NUL': get('GET /health/live HTTP/1.1\r\nx: a\0b'),
  'a first line of blanks': `\r\n\r\n\r\n${get('GET /health/live HTTP/1.1')}`,
  'a folded header': get('GET /health/live HTTP/1.1\r\nx: a\r\n  b'),
  'another expectation': post('expect: 200-maybe\r\ncontent-length: 0', ''),
  'a hello of TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'a body that breaks off': post('content-length: 500', body),
  'chunks that break off': post(chunked, 'ff\r\nabc'),
  'a head that breaks off': 'GET /v1/jobs HTTP/1.1\r\nhost: x\r\nx-a',
  nothing: '\r\n',
};

/** Requests that only a socket can send. `key` is of the account that must stay empty. */
export function rawRequests(key: string): Kind {
  const hidden = hiddenJob(key);
  const pipelined = { 'ten at once': quiet.repeat(9) + last, 'one after a bad one': `BAD\r\n\r\n${hidden}` };
  const all = { ...smuggling(hidden), ...malformed, ...pipelined };
  // A change may turn what was hidden into a request of its own right, which then has to be a harmless one.
  const changed = Object.entries({
    ...smuggling(quiet),
    ...malformed,
    ...pipelined,
    'one after a bad one': '',
  });
  return {
    name: 'raw',
    all: () => Object.entries(all).map(([how, text]) => toRequest(how, text)),
    draw: (_ground, random) => {
      const [how, text] = random.pick(changed);
      const at = random.int(text.length + 1);
      const inserted = random.pick(['\r', '\n', '\r\n', '\0', ' ', '\t', '\x0b', ';', ':', '\x85', '0']);
      return toRequest(`${how}, changed`, text.slice(0, at) + inserted + text.slice(at));
    },
  };
}

function toRequest(how: string, text: string): HostileRequest {
  return {
    kind: `raw, ${how}`,
    route: 'POST /v1/estimates',
    sender: 'nobody',
    method: '',
    target: '',
    headers: [],
    body: null,
    version: '1.1',
    raw: Buffer.from(text, 'latin1'),
  };
}
