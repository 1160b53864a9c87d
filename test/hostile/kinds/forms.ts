import type { Random } from '../../../tools/stack/random.ts';
import { chatLine } from '../../support/batches.ts';
import { type Ground, type Kind, requestTo, routeNamed } from '../good-request.ts';
import type { HostileRequest } from '../hostile-request.ts';

type Part = { head: string; content: string | Buffer };
type Form = {
  boundary: string;
  parts: Part[] /** As the header says it, when it says another. */;
  report?: string;
  end?: string;
};

const line = chatLine('one', 'openai/gpt-5-mini', 'form');
const purpose: Part = { head: 'Content-Disposition: form-data; name="purpose"', content: 'batch' };
const fileHead = 'Content-Disposition: form-data; name="file"; filename="lines.jsonl"';
const file: Part = { head: `${fileHead}\r\nContent-Type: application/jsonl`, content: `${line}\n` };
const field = (name: string, content: string): Part => ({
  head: `Content-Disposition: form-data; name="${name}"`,
  content,
});
const named = (filename: string): Part => ({
  head: `Content-Disposition: form-data; name="file"; filename="${filename}"`,
  content: `${line}\n`,
});
const headed = (head: string): Part => ({ head, content: `${line}\n` });
const good: Form = { boundary: 'gateway-form', parts: [purpose, file] };
const withParts = (...parts: Part[]): Form => ({ ...good, parts });

/** Forms that are broken, or whole and not meant. */
const forms: Record<string, Form> = {
  good,
  'no boundary': { ...good, report: '' },
  'an empty boundary': { ...good, boundary: '', report: '; boundary=' },
  'another boundary': { ...good, report: '; boundary=other' },
  'a boundary of 70': { ...good, boundary: 'b'.repeat(70) },
  'a boundary of 251': { ...good, boundary: 'b'.repeat(251) },
  'a boundary of 260': { ...good, boundary: 'b'.repeat(260) },
  'a boundary of 4000': { ...good, boundary: 'b'.repeat(4000) },
  'a boundary in quotes': { ...good, boundary: 'with space', report: '; boundary="with space"' },
  'a boundary of dashes': { ...good, boundary: '-'.repeat(60) },
  'a boundary that looks like headers': { ...good, report: '; boundary="\u00ff"' },
  'two boundaries': { ...good, report: '; boundary=gateway-form; boundary=other' },
  'a charset': { ...good, report: '; charset=utf-16; boundary=gateway-form' },
  'no end': { ...good, end: '' },
  'half an end': { ...good, end: '\r\n--gateway-f' },
  'something after the end': { ...good, end: `\r\n--gateway-form--\r\n${'x'.repeat(3000)}` },
  'no parts': withParts(),
  'no file': withParts(purpose),
  'no purpose': withParts(file),
  'two files': withParts(purpose, file, file),
  'the file first': withParts(file, purpose),
  'the purpose twice': withParts(purpose, purpose, file),
  'another purpose': withParts(field('purpose', 'fine-tune'), file),
  'a purpose that is a file': withParts(
    headed('Content-Disposition: form-data; name="purpose"; filename="x"'),
    file,
  ),
  'a file that is a field': withParts(purpose, field('file', line)),
  'fields of other names': withParts(purpose, field('__proto__', 'x'), field('constructor', 'x'), file),
  'many fields': withParts(
    purpose,
    ...Array.from({ length: 1200 }, (_, index) => field(`f${index}`, 'x')),
    file,
  ),
  'a long field': withParts(field('purpose', 'b'.repeat(1_200_000)), file),
  'a long name': withParts(field('n'.repeat(300), 'x'), purpose, file),
  'a part without a name': withParts(purpose, headed('Content-Disposition: form-data'), file),
  'a part without a head': withParts(purpose, headed(''), file),
  'a head that goes on': withParts(purpose, headed(`X-Long: ${'x'.repeat(90_000)}`), file),
  'many heads': withParts(
    purpose,
    headed(Array.from({ length: 3000 }, (_, index) => `X-${index}: y`).join('\r\n')),
    file,
  ),
  'a folded head': withParts(
    purpose,
    headed('Content-Disposition: form-data;\r\n name="file";\r\n filename="lines.jsonl"'),
  ),
  'expiry of nothing': withParts(
    purpose,
    field('expires_after[anchor]', 'created_at'),
    field('expires_after[seconds]', ''),
    file,
  ),
  'expiry that is no number': withParts(purpose, field('expires_after[seconds]', '1e400'), file),
  'expiry below zero': withParts(purpose, field('expires_after[seconds]', '-3600'), file),
  'base64 by its word': withParts(purpose, headed(`${fileHead}\r\nContent-Transfer-Encoding: base64`)),
  'an empty file': withParts(purpose, { ...file, content: '' }),
  'a file of NULs': withParts(purpose, { ...file, content: Buffer.alloc(5000) }),
  'the boundary inside': withParts(purpose, { ...file, content: `${line}\r\n--gateway-form-not\r\n` }),
  'a path for a name': withParts(purpose, named('../../etc/passwd.jsonl')),
  'a name with NUL': withParts(purpose, named('a\0b.jsonl')),
  'a name of 300': withParts(purpose, named(`${'a'.repeat(300)}.jsonl`)),
  'a name in another script': withParts(purpose, named('файл.jsonl')),
  'a name for another': withParts(purpose, headed(`${fileHead}; filename*=UTF-8''%00%ff.jsonl`)),
  'a name without an ending': withParts(purpose, named('lines')),
  'a name with quotes': withParts(purpose, named('a\\"b.jsonl')),
};

function toForm({ boundary, parts, end }: Form): Buffer {
  const pieces = parts.flatMap(({ head, content }) => [
    Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`),
    Buffer.from(content as string),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(end ?? `--${boundary}--\r\n`)]);
}

function send(ground: Ground, how: string, form: Form): HostileRequest {
  const report = form.report ?? `; boundary=${form.boundary}`;
  return requestTo(ground, routeNamed(ground, 'POST /v1/files'), `form, ${how}`, {
    headers: [['content-type', `multipart/form-data${report}`]],
    body: toForm(form),
  });
}

/** A form that is taken, with a file of these bytes. */
export function goodForm(
  ground: Ground,
  how: string,
  content: string | Buffer = `${line}\n`,
): HostileRequest {
  return { ...send(ground, how, withParts(purpose, { ...file, content })), kind: how };
}

export const formKind: Kind = {
  name: 'form',
  all: (ground) => Object.entries(forms).map(([how, form]) => send(ground, how, form)),
  draw: (ground, random) => drawForm(ground, random),
};

/** A form with a stretch of its bytes changed, repeated or missing. */
function drawForm(ground: Ground, random: Random): HostileRequest {
  const [how, form] = random.pick(Object.entries(forms));
  const request = send(ground, `${how}, damaged`, form);
  const bytes = request.body ?? Buffer.alloc(0);
  const at = random.int(bytes.length + 1);
  const until = Math.min(bytes.length, at + random.between(0, 40));
  const between = random.pick([
    Buffer.alloc(0),
    Buffer.from(Array.from({ length: 20 }, () => random.int(256))),
    Buffer.concat([bytes.subarray(at, until), bytes.subarray(at, until)]),
    Buffer.from('\r\n--gateway-form'),
  ]);
  return { ...request, body: Buffer.concat([bytes.subarray(0, at), between, bytes.subarray(until)]) };
}
