import type {
  CacheControlEphemeral,
  ContentBlockParam,
  ImageBlockParam,
  MessageParam,
  TextBlockParam,
} from '@anthropic-ai/sdk/resources/messages';
import { parseDataUrl } from '../../shared/catalogue/data-url.ts';
import type { ExtraContent, ImagePart, Message, Part, TextPart, ToolCall } from '../../shared/chat/chat.ts';
import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { isRecord, parseJson, pickFields, readList, readText } from './read-field.ts';

/** The instructions before the first turn; Anthropic takes them apart from the messages. */
export function toSystemBlocks(messages: Message[]): TextBlockParam[] {
  return messages
    .slice(0, countLeading(messages))
    .flatMap((message) => (isInstruction(message) ? textBlocks(message.content, message) : []));
}

function isInstruction(message: Message): message is Extract<Message, { role: 'system' | 'developer' }> {
  return message.role === 'system' || message.role === 'developer';
}

/**
 * The turns. Instructions between turns stay where they are (role `system`), tool results become one user
 * turn with all that belong together, and an assistant turn that came from here gets its own blocks back
 * verbatim, signatures included.
 */
export function toAnthropicMessages(messages: Message[]): MessageParam[] {
  const turns: MessageParam[] = [];
  for (const message of messages.slice(countLeading(messages))) {
    const turn = toTurn(message);
    const last = turns.at(-1);
    const isSameTurn = last?.role === 'user' && turn.role === 'user';
    if (isSameTurn) last.content = [...asBlocks(last.content), ...asBlocks(turn.content)];
    else turns.push(turn);
  }
  return turns;
}

function countLeading(messages: Message[]): number {
  const first = messages.findIndex((message) => !isInstruction(message));
  return first === -1 ? messages.length : first;
}

function asBlocks(content: MessageParam['content']): ContentBlockParam[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function toTurn(message: Message): MessageParam {
  switch (message.role) {
    case 'system':
    case 'developer':
      return { role: 'system', content: textBlocks(message.content, message) };
    case 'user':
      return { role: 'user', content: userBlocks(message) };
    case 'assistant':
      return { role: 'assistant', content: assistantBlocks(message) };
    case 'tool': {
      const content = textBlocks(textsOf(message.content), {});
      return {
        role: 'user',
        content: [
          {
            ...pickFields(message.extra_content?.anthropic, ['is_error', 'cache_control']),
            type: 'tool_result',
            tool_use_id: message.tool_call_id,
            content,
          },
        ],
      };
    }
  }
}

/** Empty text is left out: the API refuses it and it says nothing. */
function textBlocks(
  content: string | TextPart[] | null | undefined,
  owner: { extra_content?: ExtraContent },
): TextBlockParam[] {
  if (content === null || content === undefined || content === '') return [];
  if (typeof content === 'string') return [{ ...marks(owner.extra_content), type: 'text', text: content }];
  return content
    .filter((part) => part.text !== '')
    .map((part) => ({ ...marks(part.extra_content), type: 'text', text: part.text }));
}

function userBlocks(message: Extract<Message, { role: 'user' }>): ContentBlockParam[] {
  if (typeof message.content === 'string') return textBlocks(message.content, message);
  return message.content.flatMap((part): ContentBlockParam[] => {
    if (part.type === 'image_url') return [imageBlock(part)];
    return part.type === 'text' ? textBlocks([part], {}) : [];
  });
}

const textsOf = (content: string | Part[]) =>
  typeof content === 'string' ? content : content.filter((part) => part.type === 'text');

function imageBlock(part: ImagePart): ImageBlockParam {
  const data = parseDataUrl(part.image_url.url);
  if (data === null) {
    const source = { type: 'url' as const, url: part.image_url.url };
    return { ...marks(part.extra_content), type: 'image', source };
  }
  const mediaType = data.mediaType as 'image/png';
  return {
    ...marks(part.extra_content),
    type: 'image',
    source: { type: 'base64', media_type: mediaType, data: data.base64 },
  };
}

function assistantBlocks(message: Extract<Message, { role: 'assistant' }>): ContentBlockParam[] {
  const own = readList(message.extra_content?.anthropic, 'content');
  const plain: ContentBlockParam[] = [
    ...textBlocks(message.content ?? message.refusal, {}),
    ...(message.tool_calls ?? []).map(toolUseBlock),
  ];
  if (own.length === 0) return plain;
  if (summarise(own) === summarise(plain)) return own as ContentBlockParam[];
  // The caller has edited the turn: its words count, and only the thinking is prepended again.
  return [...(own.filter(isThinking) as ContentBlockParam[]), ...plain];
}

function toolUseBlock(call: ToolCall): ContentBlockParam {
  return {
    ...marks(call.extra_content),
    type: 'tool_use',
    id: call.id,
    name: call.function.name,
    input: parseJson(call.function.arguments || '{}') ?? {},
  };
}

/** Whether an Anthropic content block is the model's thinking rather than part of its answer. */
export function isThinking(block: unknown): boolean {
  const type = readText(block, 'type');
  return type === 'thinking' || type === 'redacted_thinking';
}

function summarise(blocks: unknown[]): string {
  const text = blocks.map((block) => readText(block, 'text') ?? '').join('');
  const calls = blocks.filter((block) => readText(block, 'type') === 'tool_use');
  return writeJson([
    text,
    calls.map((call) => (isRecord(call) ? [call['id'], call['name'], call['input']] : null)),
  ]);
}

/** Where Anthropic keeps its cache. */
function marks(extra: ExtraContent | undefined): { cache_control?: CacheControlEphemeral } {
  return pickFields(extra?.anthropic, ['cache_control']);
}
