import { z } from 'zod';
import type { ExtraContent, ImagePart, Message, TextPart, ToolCall } from '../../chat/chat.ts';
import { writeJson } from '../../platform/json/verbatim.ts';
import { assistantExtra, cacheMark, callExtra } from '../common/extra-content.ts';

/** A mark on a block that only Anthropic knows; kept for it. */
const marked = { cache_control: cacheMark };

const textBlock = z.strictObject({
  type: z.literal('text'),
  text: z.string(),
  citations: z.array(z.unknown()).max(0, { error: 'citations are not supported' }).nullish(),
  ...marked,
});
/** With what another provider said with it, as it was answered; given back to that provider. */
const answeredTextBlock = textBlock.extend({ extra_content: assistantExtra });

export const imageDataSchema = z.string().regex(/^[A-Za-z0-9+/]/, { error: 'must be base64' });

const imageBlock = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('base64'),
      media_type: z.enum(['image/png', 'image/jpeg', 'image/gif', 'image/webp']),
      data: imageDataSchema,
    }),
    z.strictObject({
      type: z.literal('url'),
      url: z.string().regex(/^https?:\/\/[^/\s]/i, { error: 'must be an http(s) URL' }),
    }),
  ]),
  ...marked,
});

const toolResultBlock = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string().min(1),
  content: z
    .union([z.string(), z.array(textBlock)], {
      error: 'must be text; images in tool results are not supported',
    })
    .nullish(),
  is_error: z.boolean().nullish(),
  ...marked,
});

const toolUseBlock = z.strictObject({
  type: z.literal('tool_use'),
  id: z.string().min(1),
  name: z.string().min(1),
  input: z.looseObject({}),
  caller: z.unknown().optional(),
  ...marked,
  extra_content: callExtra,
});

const thinkingBlock = z.strictObject({
  type: z.literal('thinking'),
  thinking: z.string(),
  signature: z.string(),
});
const redactedBlock = z.strictObject({ type: z.literal('redacted_thinking'), data: z.string() });

const unsupported =
  'is not a kind of block that can be sent here; documents, files and server tools are not supported';

export const systemSchema = z.union([z.string(), z.array(textBlock)]);

export const turnSchema = z.discriminatedUnion('role', [
  z.strictObject({
    role: z.literal('user'),
    content: z.union([
      z.string(),
      z
        .array(z.discriminatedUnion('type', [textBlock, imageBlock, toolResultBlock], { error: unsupported }))
        .min(1),
    ]),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z.union([
      z.string(),
      z
        .array(
          z.discriminatedUnion('type', [answeredTextBlock, toolUseBlock, thinkingBlock, redactedBlock], {
            error: unsupported,
          }),
        )
        .min(1),
    ]),
  }),
  z.strictObject({ role: z.literal('system'), content: systemSchema }),
]);

type Turn = z.output<typeof turnSchema>;
type UserTurn = Extract<Turn, { role: 'user' }>;
type AssistantTurn = Extract<Turn, { role: 'assistant' }>;
type Marked = { cache_control?: unknown };

/** Anthropic's instructions as a message of ours; none when there are none. */
export function fromSystem(system: z.output<typeof systemSchema> | null | undefined): Message[] {
  if (system === null || system === undefined || system.length === 0) return [];
  if (typeof system === 'string') return [{ role: 'system', content: system }];
  return [{ role: 'system', content: system.map(toTextPart) }];
}

/**
 * One turn of Anthropic's as messages of ours: tool results are messages of their own here, and come first
 * there too.
 */
export function fromTurn(turn: Turn): Message[] {
  if (turn.role === 'system') return fromSystem(turn.content);
  return turn.role === 'user' ? fromUserTurn(turn) : [fromAssistantTurn(turn)];
}

function fromUserTurn({ content }: UserTurn): Message[] {
  if (typeof content === 'string') return [{ role: 'user', content }];
  const results: Message[] = [];
  const parts: (TextPart | ImagePart)[] = [];
  for (const block of content) {
    if (block.type === 'tool_result') results.push(toToolMessage(block));
    else parts.push(block.type === 'text' ? toTextPart(block) : toImagePart(block));
  }
  return parts.length === 0 ? results : [...results, { role: 'user', content: parts }];
}

function toToolMessage(block: z.output<typeof toolResultBlock>): Message {
  const content = block.content ?? '';
  return {
    role: 'tool',
    tool_call_id: block.tool_use_id,
    content: typeof content === 'string' ? content : content.map(toTextPart),
    ...marksOf(block, block.is_error === true ? { is_error: true } : {}),
  };
}

/** The blocks themselves travel along: Anthropic wants its thinking back unmodified, and in its place. */
function fromAssistantTurn({ content }: AssistantTurn): Message {
  if (typeof content === 'string') return { role: 'assistant', content };
  const texts = content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
  const calls = content.flatMap((block): ToolCall[] =>
    block.type === 'tool_use'
      ? [
          {
            id: block.id,
            type: 'function',
            function: { name: block.name, arguments: writeJson(block.input) },
            ...(block.extra_content ? { extra_content: block.extra_content } : {}),
          },
        ]
      : [],
  );
  const states = content.flatMap((block) =>
    block.type === 'text' && block.extra_content ? [block.extra_content] : [],
  );
  return {
    role: 'assistant',
    content: texts.length === 0 ? null : texts.join(''),
    ...(calls.length > 0 && { tool_calls: calls }),
    extra_content: { ...Object.assign({}, ...states), anthropic: { content: content.map(withoutState) } },
  };
}

/** A block as Anthropic knows it; who called a tool is its own to know. */
function withoutState(block: object): object {
  const { extra_content: _, caller: __, ...own } = block as { extra_content?: unknown; caller?: unknown };
  return own;
}

function toTextPart(block: z.output<typeof textBlock>): TextPart {
  return { type: 'text', text: block.text, ...marksOf(block) };
}

function toImagePart(block: z.output<typeof imageBlock>): ImagePart {
  const { source } = block;
  const url = source.type === 'url' ? source.url : `data:${source.media_type};base64,${source.data}`;
  return { type: 'image_url', image_url: { url }, ...marksOf(block) };
}

/**
 * Puts the mark of a whole request where Anthropic puts it: on the last block that can bear one, unless that
 * has its own.
 */
export function markLast(messages: Message[], mark: unknown): Message[] {
  if (mark === null || mark === undefined) return messages;
  const at = messages.findLastIndex(({ role }) => role === 'user' || role === 'tool');
  return messages.map((message, index) => (index === at ? withMark(message, mark) : message));
}

function withMark(message: Message, mark: unknown): Message {
  if (message.role === 'user' && typeof message.content !== 'string') {
    const last = message.content.length - 1;
    const content = message.content.map((part, index) => (index === last ? addMark(part, mark) : part));
    return { ...message, content };
  }
  return addMark(message, mark);
}

function addMark<Carrier extends { extra_content?: ExtraContent }>(carrier: Carrier, mark: unknown): Carrier {
  const own = (carrier.extra_content?.anthropic ?? {}) as object;
  return { ...carrier, extra_content: { anthropic: { cache_control: mark, ...own } } };
}

/** What only Anthropic understands of a block, or nothing. */
export function marksOf(block: Marked, more: Record<string, unknown> = {}): { extra_content?: ExtraContent } {
  const marks = {
    ...(block.cache_control === null || block.cache_control === undefined
      ? {}
      : { cache_control: block.cache_control }),
    ...more,
  };
  return Object.keys(marks).length === 0 ? {} : { extra_content: { anthropic: marks } };
}
