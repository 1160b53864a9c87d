import { z } from 'zod';
import type { ExtraContent, FilePart, Part, TextPart } from '../../chat/chat.ts';
import { answerPartExtra, liftMark, partExtra, splitState } from '../common/extra-content.ts';
import { toDocument } from '../common/file-part.ts';
import { withoutEmpty } from '../common/without-empty.ts';

export const imageUrlSchema = z
  .string()
  .regex(/^(?:https?:\/\/[^/\s]|data:image\/(?:png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/])/i, {
    error: 'must be an http(s) URL or a base64 data: URL of a PNG, JPEG, GIF or WebP',
  });

const carried = { cache_control: z.unknown().optional(), extra_content: partExtra };

const textPart = z
  .object({ type: z.literal('text'), text: z.string(), ...carried })
  .transform((part) => withoutEmpty(liftMark(part)) as TextPart);

/** Resolutions that other providers, or newer models, know by other names are hints too. */
const detail = z
  .string()
  .nullish()
  .transform((given) => (['auto', 'low', 'high'] as const).find((known) => known === given));

const imagePart = z
  .object({
    type: z.literal('image_url'),
    image_url: z.object({ url: imageUrlSchema, detail }).transform(withoutEmpty),
    ...carried,
  })
  .transform((part) => withoutEmpty(liftMark(part)) as Part);

const filePart = z
  .object({
    type: z.literal('file'),
    file: z.object({
      file_data: z.string().min(1).nullish(),
      file_id: z.string().nullish(),
      filename: z.string().nullish(),
    }),
    ...carried,
  })
  .transform(({ file, ...part }, context): TextPart | FilePart => {
    const read =
      typeof file.file_data === 'string'
        ? toDocument({ data: file.file_data, filename: file.filename })
        : 'is required; files by their id are not supported';
    if (typeof read !== 'string')
      return withoutEmpty({ ...read, extra_content: liftMark(part).extra_content });
    context.issues.push({ code: 'custom', message: read, path: ['file', 'file_data'], input: file });
    return z.NEVER;
  });

/** A text stands for itself; nothing at all, for the empty text. */
const orEmpty = <Content>(content: Content) => content ?? '';
const notEmpty = <Item>(parts: Item[]) => (parts.length === 0 ? '' : parts);

/** What an instruction says. */
export const textContent = z
  .union([
    z.string(),
    z
      .array(
        z.discriminatedUnion('type', [textPart], { error: 'must be a text part in a message of this role' }),
      )
      .transform(notEmpty),
  ])
  .nullish()
  .transform(orEmpty);

/** What a user, or the result of a tool, says and shows. */
export const richContent = z
  .union([
    z.string(),
    z
      .array(
        z.discriminatedUnion('type', [textPart, imagePart, filePart], {
          error: 'must be a text, image_url or file part; audio is not supported',
        }),
      )
      .transform(notEmpty),
  ])
  .nullish()
  .transform(orEmpty);

/** `thinking` is Mistral's word for what others call `reasoning`. */
const thoughtPart = z.object({
  type: z.enum(['thinking', 'reasoning', 'redacted_thinking']),
});
const refusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() });

const answerText = z
  .object({ type: z.literal('text'), text: z.string(), ...carried, extra_content: answerPartExtra })
  .transform((part) => withoutEmpty(liftMark(part)) as TextPart);

type AnswerContent = { content?: string | TextPart[]; refusal?: string; state?: ExtraContent };

/** What an assistant has said; its refusal and its state may stand among the parts. */
export const answerContent = z
  .union([
    z.string(),
    z.array(
      z.discriminatedUnion('type', [answerText, refusalPart, thoughtPart], {
        error: 'must be a text part in a message of this role, or a refusal',
      }),
    ),
  ])
  .nullish()
  .transform((content): AnswerContent => {
    if (content === null || content === undefined) return {};
    if (typeof content === 'string') return { content };
    const parts = content.filter((part) => part.type === 'text').map(withoutState);
    const texts = parts.map(({ part }) => part);
    const states = parts.flatMap(({ state }) => (Object.keys(state).length > 0 ? [state] : []));
    const refusals = content.flatMap((part) => (part.type === 'refusal' ? [part.refusal] : []));
    return {
      ...(texts.length > 0 && { content: texts }),
      ...(texts.length === 0 && refusals.length === 0 && { content: '' }),
      ...(refusals.length > 0 && { refusal: refusals.join('') }),
      ...(states[0] !== undefined && { state: states[0] }),
    };
  });

function withoutState({ extra_content: extra, ...part }: TextPart): { part: TextPart; state: ExtraContent } {
  const { marks, state } = splitState(extra ?? {});
  return { part: Object.keys(marks).length > 0 ? { ...part, extra_content: marks } : part, state };
}
