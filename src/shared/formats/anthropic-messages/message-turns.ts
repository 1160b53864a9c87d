import type { ExtraContent, Message, Part, ToolCall } from '../../chat/chat.ts';
import { clientPathOf, withClientPath } from '../../chat/client-path.ts';
import { writeJson } from '../../platform/json/verbatim.ts';
import { cacheMark } from '../common/extra-content.ts';
import type { SystemBlocks, ToolResultBlock, Turn } from './message-blocks.ts';
import { marksOf, toParts, toTextPart } from './message-parts.ts';

type UserTurn = Extract<Turn, { role: 'user' }>;
type AssistantTurn = Extract<Turn, { role: 'assistant' }>;

/** Anthropic's instructions as a message of ours; none when there are none. */
export function fromSystem(system: SystemBlocks | null | undefined, path: string): Message[] {
  if (system === null || system === undefined || system.length === 0) return [];
  const content = typeof system === 'string' ? system : system.map(toTextPart);
  return [withClientPath({ role: 'system' as const, content }, path)];
}

/**
 * One turn of Anthropic's as messages of ours: tool results are messages of their own here, and come first
 * there too.
 */
export function fromTurn(turn: Turn, index: number): Message[] {
  const path = `messages.${index}`;
  if (turn.role === 'system') return fromSystem(turn.content, path);
  return turn.role === 'user' ? fromUserTurn(turn, path) : [fromAssistantTurn(turn, path)];
}

function fromUserTurn({ content }: UserTurn, path: string): Message[] {
  if (typeof content === 'string') return [withClientPath({ role: 'user', content }, path)];
  const results: Message[] = [];
  const parts: Part[] = [];
  for (const [index, block] of content.entries()) {
    const blockPath = `${path}.content.${index}`;
    if (block.type === 'tool_result') results.push(toToolMessage(block, blockPath));
    else parts.push(...toParts(block, blockPath));
  }
  return parts.length === 0 ? results : [...results, withClientPath({ role: 'user', content: parts }, path)];
}

function toToolMessage(block: ToolResultBlock, path: string): Message {
  const content = block.content ?? '';
  const { extra_content: extra } = marksOf(block);
  const marks = {
    ...((extra?.anthropic ?? {}) as object),
    ...(block.is_error === true ? { is_error: true } : {}),
  };
  const parts =
    typeof content === 'string'
      ? content
      : content.flatMap((part, index) => toParts(part, `${path}.content.${index}`));
  const message: Message = {
    role: 'tool',
    tool_call_id: block.tool_use_id,
    content: block.is_error === true ? asFailure(parts) : parts,
    ...(Object.keys(marks).length > 0 && { extra_content: { anthropic: marks } }),
  };
  return withClientPath(message, path);
}

/** The text of a result says that its tool failed: only Anthropic has a field for it. */
function asFailure(content: string | Part[]): string | Part[] {
  if (typeof content === 'string') return `Error: ${content}`;
  return [{ type: 'text', text: 'Error:' }, ...content];
}

/** The blocks themselves travel along: Anthropic wants its thinking back unmodified, and in its place. */
function fromAssistantTurn({ content }: AssistantTurn, path: string): Message {
  if (typeof content === 'string') return withClientPath({ role: 'assistant', content }, path);
  const texts = content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
  const shown = content.flatMap((block) =>
    block.type === 'thinking' && !block.signature ? [block.thinking ?? ''] : [],
  );
  const calls = content.flatMap((block, index): ToolCall[] =>
    block.type === 'tool_use' ? [toToolCall(block, `${path}.content.${index}`)] : [],
  );
  const states = content.flatMap((block) =>
    block.type === 'text' && block.extra_content ? [block.extra_content] : [],
  );
  const own = content.flatMap((block) => toOwnBlock(block));
  const message: Message = {
    role: 'assistant',
    content: texts.length === 0 && calls.length > 0 ? null : texts.join(''),
    ...(shown.some((text) => text !== '') && { reasoning_content: shown.join('') }),
    ...(calls.length > 0 && { tool_calls: calls }),
    extra_content: { ...Object.assign({}, ...states), anthropic: { content: own } },
  };
  return withClientPath(message, path);
}

function toToolCall(
  block: Extract<AssistantTurn['content'][number], { type: 'tool_use' }>,
  path: string,
): ToolCall {
  const call: ToolCall = {
    id: block.id,
    type: 'function',
    function: { name: block.name, arguments: writeJson(block.input) },
    ...(block.extra_content ? { extra_content: block.extra_content } : {}),
  };
  return withClientPath(call, path);
}

/** A block as Anthropic gave it; none of what another provider thought, which Anthropic did not sign. */
function toOwnBlock(block: Exclude<AssistantTurn['content'], string>[number]): object[] {
  if (block.type === 'thinking' && !block.signature) return [];
  const {
    extra_content: _,
    cache_control,
    ...own
  } = block as typeof block & {
    extra_content?: unknown;
    cache_control?: unknown;
  };
  const mark = cacheMark.safeParse(cache_control).data ?? null;
  return [mark === null ? own : { ...own, cache_control: mark }];
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
    return withPathOf(message, { ...message, content });
  }
  return addMark(message, mark);
}

function addMark<Carrier extends { extra_content?: ExtraContent }>(carrier: Carrier, mark: unknown): Carrier {
  const own = (carrier.extra_content?.anthropic ?? {}) as object;
  return withPathOf(carrier, { ...carrier, extra_content: { anthropic: { cache_control: mark, ...own } } });
}

function withPathOf<Value extends object>(from: object, to: Value): Value {
  const path = clientPathOf(from);
  return path === null ? to : withClientPath(to, path);
}
