import { z } from 'zod';
import type { ImagePart, Part, TextPart } from '../../chat/chat.ts';
import { toDocument } from '../common/file-part.ts';

/*
 * What an item may hold. Unknown fields stay: stored items are read again, and go to OpenAI as they came.
 */

export const imageSchema = z
  .string()
  .regex(/^(?:https?:\/\/[^/\s]|data:image\/(?:png|jpeg|jpg|gif|webp);base64,)/i, {
    error: 'must be an http(s) URL or a base64 data: URL of a PNG, JPEG, GIF or WebP',
  });

const byId = 'files by their id are not supported; send the content itself';

const inputText = z.looseObject({ type: z.literal('input_text'), text: z.string() });
const inputImage = z.looseObject({
  type: z.literal('input_image'),
  /** A resolution that other models know by another name is a hint too. */
  detail: z.string().nullish(),
  image_url: imageSchema,
  file_id: z.null({ error: byId }).optional(),
});
const inputFile = z
  .looseObject({
    type: z.literal('input_file'),
    file_data: z.string().min(1).nullish(),
    file_url: z
      .string()
      .regex(/^https?:\/\/[^/\s]/i, { error: 'must be an http(s) URL' })
      .nullish(),
    file_id: z.null({ error: byId }).optional(),
    filename: z.string().nullish(),
  })
  .check(({ value: file, issues }) => {
    if (typeof file.file_url === 'string') return;
    const read = typeof file.file_data === 'string' ? toDocument(givenFile(file)) : 'is required';
    if (typeof read !== 'string') return;
    issues.push({ code: 'custom', message: read, path: ['file_data'], input: file });
  });

/** `parsed` is what an SDK made of the text for its user. */
const outputText = z.looseObject({ type: z.literal('output_text'), text: z.string() });
const outputRefusal = z.looseObject({ type: z.literal('refusal'), refusal: z.string() });

/** One part of a message. */
export const contentPart = z.discriminatedUnion(
  'type',
  [inputText, inputImage, inputFile, outputText, outputRefusal],
  { error: 'must be input_text, input_image, input_file or output_text; audio is not supported' },
);

/** One part of what a tool answered; some clients give its text as if a model had written it. */
export const resultPart = z.discriminatedUnion('type', [inputText, inputImage, inputFile, outputText], {
  error: 'must be input_text, input_image or input_file',
});

export type ContentPart = z.output<typeof contentPart>;
type InputFile = z.output<typeof inputFile>;
type InputImage = z.output<typeof inputImage>;

const givenFile = (file: { file_data?: unknown; filename?: string | null | undefined }) => ({
  data: String(file.file_data),
  filename: file.filename,
});

/** A part as one of ours. */
export function toPart(part: ContentPart): Part {
  if (part.type === 'input_image') return toImage(part as InputImage);
  if (part.type === 'input_file') return toFile(part as InputFile);
  return { type: 'text', text: (part.type === 'refusal' ? part.refusal : part.text) as string };
}

function toImage({ image_url: url, detail }: InputImage): ImagePart {
  const known = (['auto', 'low', 'high'] as const).find((name) => name === detail);
  return { type: 'image_url', image_url: { url, ...(known ? { detail: known } : {}) } };
}

function toFile(file: InputFile): Part {
  const named = typeof file.filename === 'string' ? { filename: file.filename } : {};
  if (typeof file.file_url === 'string') {
    return { type: 'file', file: { file_url: file.file_url, ...named } };
  }
  const read = toDocument(givenFile(file));
  if (typeof read === 'string') throw new Error(`a file that was taken cannot be read: ${read}`);
  return read;
}

/** The text of a part that is one. */
export function textOf(part: ContentPart): TextPart['text'] {
  return part.type === 'output_text' || part.type === 'input_text' ? (part.text as string) : '';
}
