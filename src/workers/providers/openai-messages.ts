import { createHash } from 'node:crypto';
import type { Message, Part, TextPart, ToolCall } from '../../shared/chat/chat.ts';
import { customInput } from '../../shared/chat/custom-tools.ts';
import type { OpenaiDialect } from './openai-dialect.ts';
import { toPlainTurns } from './openai-plain-turns.ts';
import { reasoningFields } from './openai-reasoning.ts';
import { pickFields, readList, readText } from './read-field.ts';

type Wire = Record<string, unknown>;
type Assistant = Extract<Message, { role: 'assistant' }>;
type ToolResult = Extract<Message, { role: 'tool' }>;

/**
 * The turns as OpenAI's wire has them. A tool's result is text there, so its images and files follow in a
 * turn of the user's, after all results that belong together.
 */
export function toOpenaiMessages(messages: Message[], dialect: OpenaiDialect): Wire[] {
  const turns: Wire[] = [];
  let shown: unknown[] = [];
  const showParts = () => {
    if (shown.length > 0) turns.push({ role: 'user', content: shown });
    shown = [];
  };
  for (const message of messages) {
    if (message.role !== 'tool') showParts();
    turns.push(toTurn(message, dialect));
    if (message.role === 'tool') shown.push(...partsToShow(message, dialect));
  }
  showParts();
  return dialect.takesTurnsAnywhere ? turns : toPlainTurns(turns);
}

function toTurn(message: Message, dialect: OpenaiDialect): Wire {
  if (message.role === 'assistant') return toAssistantTurn(message, dialect);
  if (message.role === 'tool') return toResultTurn(message, dialect);
  const { extra_content: _, role, content, ...rest } = message;
  const isDeveloper = role === 'developer' && !dialect.takesDeveloper;
  return { ...rest, role: isDeveloper ? 'system' : role, content: toContent(content, dialect) };
}

/** State goes before our own fields, so that it never replaces one. */
function toAssistantTurn(message: Assistant, dialect: OpenaiDialect): Wire {
  const { extra_content: extra, content, refusal, reasoning_content, tool_calls, ...rest } = message;
  const fields = dialect.takesReasoning ? [...reasoningFields, 'extra_content'] : ['extra_content'];
  const state = pickFields(extra?.openai, fields);
  const shownText = dialect.takesRefusal ? content : (content ?? refusal ?? content);
  return {
    ...state,
    ...(givesReasoning(message, dialect) && { reasoning_content }),
    ...rest,
    ...(shownText !== undefined && { content: shownText && toContent(shownText, dialect) }),
    ...(refusal !== undefined && dialect.takesRefusal && { refusal }),
    ...(tool_calls && { tool_calls: tool_calls.map((call) => toWireCall(call, dialect)) }),
  };
}

/**
 * Whether the turn's reasoning goes back: DeepSeek refuses a turn without its own. That of another provider,
 * or of a server that has it under another name, does not.
 */
function givesReasoning({ reasoning_content, extra_content: extra }: Assistant, dialect: OpenaiDialect) {
  if (reasoning_content === undefined || !dialect.takesReasoning) return false;
  const isOthers = readList(extra?.anthropic, 'content').length > 0 || extra?.google !== undefined;
  return !isOthers && readText(extra?.openai, 'reasoning') === null;
}

function toResultTurn(message: ToolResult, dialect: OpenaiDialect): Wire {
  const { content } = message;
  const texts = typeof content === 'string' ? content : content.filter((part) => part.type === 'text');
  const isShown = texts.length === 0 && content.length > 0;
  return {
    role: 'tool',
    tool_call_id: toCallId(message.tool_call_id, dialect),
    content: isShown ? 'The result follows in the next turn of the user.' : toContent(texts, dialect),
  };
}

function partsToShow({ tool_call_id, content }: ToolResult, dialect: OpenaiDialect): unknown[] {
  const parts = typeof content === 'string' ? [] : content.filter((part) => part.type !== 'text');
  if (parts.length === 0) return [];
  const text = `From the result of the tool call ${toCallId(tool_call_id, dialect)}:`;
  return [{ type: 'text', text }, ...parts.map(toPart)];
}

/** Texts alone are one text for servers whose templates know nothing else. */
function toContent(content: string | (TextPart | Part)[], dialect: OpenaiDialect): unknown {
  if (typeof content === 'string') return content;
  const texts = content.filter((part) => part.type === 'text');
  if (dialect.takesTextParts || texts.length < content.length) return content.map(toPart);
  return texts.map(({ text }) => text).join('\n');
}

function toPart({ extra_content: extra, ...part }: Part): Wire {
  return { ...pickFields(extra?.openai, ['cache_control']), ...part };
}

function toWireCall(call: ToolCall, dialect: OpenaiDialect): Wire {
  const { extra_content: extra, custom, function: called, ...rest } = call;
  const id = toCallId(call.id, dialect);
  if (custom && dialect.takesCustomTools) {
    return { id, type: 'custom', custom: { name: called.name, input: customInput(called.arguments) } };
  }
  return { ...pickFields(extra?.openai, ['extra_content']), ...rest, id, function: called };
}

/** The id of a call, or one made of it that the server takes: the same for a call and its result. */
export function toCallId(id: string, { callIds }: OpenaiDialect): string {
  if (callIds === null) return id;
  if ('lengthMax' in callIds) return id.length <= callIds.lengthMax ? id : shortened(id, callIds.lengthMax);
  return id.length === callIds.length && /^[a-zA-Z0-9]+$/.test(id) ? id : shortened(id, callIds.length);
}

const shortened = (id: string, length: number) =>
  createHash('sha256').update(id).digest('hex').slice(0, length);
