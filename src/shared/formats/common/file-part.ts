import { isUtf8 } from 'node:buffer';
import { parseDataUrl } from '../../catalogue/data-url.ts';
import type { FilePart, TextPart } from '../../chat/chat.ts';

export type GivenFile = { data: string; filename?: string | null | undefined };

const textTypes = /^(?:text\/|application\/(?:json|xml|yaml|x-yaml|javascript|toml|x-ndjson|sql)$)/;
const pdfHead = 'JVBERi';

/**
 * A document of a client as a part of a message: a PDF stays one, a text is the text that it is, under its
 * name. `data` is a base64 `data:` URL, or the base64 alone, which some clients send. Answers a sentence in
 * place of a part when it is neither.
 */
export function toDocument({ data, filename }: GivenFile): FilePart | TextPart | string {
  const url = data.startsWith('data:') ? data : `data:${guessType(data, filename)};base64,${data}`;
  const parsed = parseDataUrl(url.replace(/^(data:[^;,]+);[^,]*?(base64,)/i, '$1;$2'));
  if (parsed === null) return 'must be a data: URL with valid base64, or base64';
  const named = typeof filename === 'string' && filename !== '' ? { filename } : {};
  if (parsed.mediaType === 'application/pdf') return { type: 'file', file: { file_data: url, ...named } };
  if (!textTypes.test(parsed.mediaType)) {
    return `must be a PDF or a text; ${parsed.mediaType} is not supported`;
  }
  const bytes = Buffer.from(parsed.base64, 'base64');
  if (!isUtf8(bytes) || bytes.includes(0)) return 'must be text in UTF-8, as its media type says';
  return documentText(bytes.toString('utf8'), filename);
}

/** A document that is text, as a text part with its name on top. */
export function documentText(text: string, name: string | null | undefined): TextPart {
  const isNamed = typeof name === 'string' && name !== '';
  return { type: 'text', text: isNamed ? `${name}:\n${text}` : text };
}

/** A PDF's first bytes are `%PDF-`; what else has no media type is known by its name. */
function guessType(base64: string, filename: string | null | undefined): string {
  const isText = /\.(txt|md|csv|json|xml|ya?ml|html?|log)$/i.test(filename ?? '');
  return isText && !base64.startsWith(pdfHead) ? 'text/plain' : 'application/pdf';
}
