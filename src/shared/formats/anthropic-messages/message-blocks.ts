import { z } from 'zod';
import { assistantExtra, callExtra } from '../common/extra-content.ts';

/*
 * The blocks of a conversation (SDK 1.14 `ContentBlockParam`). Fields that nobody here knows are dropped:
 * clients leave in a history whatever an answer had.
 */

/** A mark on a block that only Anthropic knows; what is no mark is left out. */
const marked = { cache_control: z.unknown().optional() };

const textBlock = z.object({ type: z.literal('text'), text: z.string(), ...marked });
/** With what another provider said with it, as it was answered; given back to that provider. */
const answeredTextBlock = textBlock.extend({ extra_content: assistantExtra });

export const imageDataSchema = z.string().regex(/^[A-Za-z0-9+/]/, { error: 'must be base64' });

const urlSource = z.object({
  type: z.literal('url'),
  url: z.string().regex(/^https?:\/\/[^/\s]/i, { error: 'must be an http(s) URL' }),
});
const fileSource = z.object({
  type: z.literal('file'),
  file_id: z.never({ error: 'files by their id are not supported; send the content itself' }),
});

const imageBlock = z.object({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.object({
      type: z.literal('base64'),
      media_type: z.enum(['image/png', 'image/jpeg', 'image/gif', 'image/webp']),
      data: imageDataSchema,
    }),
    urlSource,
    fileSource,
  ]),
  ...marked,
});

const documentBlock = z.object({
  type: z.literal('document'),
  source: z.discriminatedUnion('type', [
    z.object({
      type: z.literal('base64'),
      media_type: z.literal('application/pdf', { error: 'only application/pdf is read as base64' }),
      data: imageDataSchema,
    }),
    z.object({ type: z.literal('text'), data: z.string() }),
    z.object({
      type: z.literal('content'),
      content: z.union([
        z.string(),
        z.array(z.discriminatedUnion('type', [textBlock, imageBlock], { error: 'must be text or image' })),
      ]),
    }),
    urlSource,
    fileSource,
  ]),
  title: z.string().nullish(),
  context: z.string().nullish(),
  ...marked,
});

const searchResultBlock = z.object({
  type: z.literal('search_result'),
  source: z.string(),
  title: z.string(),
  content: z.array(textBlock),
  ...marked,
});

const shown = [textBlock, imageBlock, documentBlock, searchResultBlock] as const;

const toolResultBlock = z.object({
  type: z.literal('tool_result'),
  tool_use_id: z.string().min(1),
  content: z
    .union([
      z.string(),
      z.array(
        z.discriminatedUnion('type', [...shown], {
          error: 'must be a text, image, document or search_result block',
        }),
      ),
    ])
    .nullish(),
  is_error: z.boolean().nullish(),
  ...marked,
});

const toolUseBlock = z.object({
  type: z.literal('tool_use'),
  id: z.string().min(1),
  name: z.string().min(1),
  input: z.looseObject({}),
  ...marked,
  extra_content: callExtra,
});

/** One without a signature shows what another provider thought; it is nobody's to give back. */
const thinkingBlock = z.object({
  type: z.literal('thinking'),
  thinking: z.string().nullish(),
  signature: z.string().nullish(),
});
const redactedBlock = z.object({ type: z.literal('redacted_thinking'), data: z.string() });

const unsupported =
  'is not a kind of block that can be sent here; files by id and server tools are not supported';

export const systemSchema = z.union([z.string(), z.array(textBlock)]);

export const turnSchema = z.discriminatedUnion('role', [
  z.object({
    role: z.literal('user'),
    content: z.union([
      z.string(),
      z.array(z.discriminatedUnion('type', [...shown, toolResultBlock], { error: unsupported })),
    ]),
  }),
  z.object({
    role: z.literal('assistant'),
    content: z.union([
      z.string(),
      z.array(
        z.discriminatedUnion('type', [answeredTextBlock, toolUseBlock, thinkingBlock, redactedBlock], {
          error: unsupported,
        }),
      ),
    ]),
  }),
  z.object({ role: z.literal('system'), content: systemSchema }),
]);

export type Turn = z.output<typeof turnSchema>;
export type TextBlock = z.output<typeof textBlock>;
export type ImageBlock = z.output<typeof imageBlock>;
export type DocumentBlock = z.output<typeof documentBlock>;
export type SearchResultBlock = z.output<typeof searchResultBlock>;
export type ToolResultBlock = z.output<typeof toolResultBlock>;
export type SystemBlocks = z.output<typeof systemSchema>;
