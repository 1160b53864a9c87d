import { z } from 'zod';
import { assistantExtra, callExtra, messageExtra, partExtra, resultExtra } from '../common/extra-content.ts';
import { withoutEmpty } from '../common/without-empty.ts';

export const imageUrlSchema = z
  .string()
  .regex(/^(?:https?:\/\/[^/\s]|data:image\/(?:png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/])/i, {
    error: 'must be an http(s) URL or a base64 data: URL of a PNG, JPEG, GIF or WebP',
  });

const textPart = z
  .strictObject({ type: z.literal('text'), text: z.string(), extra_content: partExtra })
  .transform(withoutEmpty);

const imagePart = z
  .strictObject({
    type: z.literal('image_url'),
    image_url: z
      .strictObject({ url: imageUrlSchema, detail: z.enum(['auto', 'low', 'high']).nullish() })
      .transform(withoutEmpty),
    extra_content: partExtra,
  })
  .transform(withoutEmpty);

const textContent = z.union([
  z.string(),
  z
    .array(
      z.discriminatedUnion('type', [textPart], { error: 'must be a text part in a message of this role' }),
    )
    .min(1),
]);

const userContent = z.union([
  z.string(),
  z
    .array(
      z.discriminatedUnion('type', [textPart, imagePart], {
        error: 'must be a text or image_url part; audio and files are not supported',
      }),
    )
    .min(1),
]);

const toolCall = z
  .strictObject({
    id: z.string().min(1),
    type: z.literal('function'),
    function: z
      .strictObject({
        name: z.string().min(1),
        arguments: z.string(),
        parsed_arguments: z.unknown().optional(),
      })
      .transform(({ parsed_arguments: _, ...given }) => given),
    extra_content: callExtra,
  })
  .transform(withoutEmpty);

const instruction = { content: textContent, name: z.string().nullish(), extra_content: messageExtra };

const user = z
  .strictObject({
    role: z.literal('user'),
    content: userContent,
    name: z.string().nullish(),
    extra_content: messageExtra,
  })
  .transform(withoutEmpty);

/**
 * Also what an SDK's own answer looks like when it is pushed back as history: `annotations`, `audio: null`,
 * `parsed`, …
 */
export const assistantMessageSchema = z
  .strictObject({
    role: z.literal('assistant'),
    content: textContent.nullish(),
    refusal: z.string().nullish(),
    name: z.string().nullish(),
    tool_calls: z.array(toolCall).nullish(),
    extra_content: assistantExtra,
    annotations: z.array(z.unknown()).nullish(),
    audio: z.null({ error: 'audio is not supported' }).optional(),
    function_call: z.null({ error: 'use tool_calls' }).optional(),
    parsed: z.unknown().optional(),
  })
  .refine(
    ({ content, refusal, tool_calls, extra_content }) =>
      [content, refusal, tool_calls, extra_content].some((field) => field !== null && field !== undefined),
    { error: 'an assistant message needs content, refusal or tool_calls', path: ['content'] },
  )
  .transform(({ annotations: _, audio: __, function_call: ___, parsed: ____, tool_calls, ...message }) =>
    withoutEmpty({ ...message, tool_calls: tool_calls?.length ? tool_calls : undefined }),
  );

/**
 * `name` is no field of OpenAI's tool message, but common clients send it; it says nothing the id does not.
 */
const tool = z
  .strictObject({
    role: z.literal('tool'),
    tool_call_id: z.string().min(1),
    content: textContent,
    name: z.string().nullish(),
    extra_content: resultExtra,
  })
  .transform(({ name: _, ...message }) => withoutEmpty(message));

/** One message of a chat request, any role. */
export const messageSchema = z.discriminatedUnion(
  'role',
  [
    z.strictObject({ role: z.literal('system'), ...instruction }).transform(withoutEmpty),
    z.strictObject({ role: z.literal('developer'), ...instruction }).transform(withoutEmpty),
    user,
    assistantMessageSchema,
    tool,
  ],
  { error: 'role must be system, developer, user, assistant or tool' },
);
