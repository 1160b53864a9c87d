import { writeJson } from '../../shared/platform/json/verbatim.ts';
import type { OpenaiDialect } from './openai-dialect.ts';
import { toCallId } from './openai-messages.ts';
import { toPlainTurns } from './openai-plain-turns.ts';
import { reasoningFields } from './openai-reasoning.ts';
import { isRecord, pickFields, readField, readList, readText } from './read-field.ts';

type Fields = Record<string, unknown>;

/**
 * The turns of a body that goes through, as their client wrote them: changed only in what their server takes
 * in other words or not at all. State of other providers stays here.
 */
export function toPassedMessages(messages: unknown, dialect: OpenaiDialect): unknown {
  if (!Array.isArray(messages)) return messages;
  const turns = messages.map((message) => toPassedMessage(message, dialect));
  return dialect.takesTurnsAnywhere ? turns : toPlainTurns(turns);
}

function toPassedMessage(message: Fields, dialect: OpenaiDialect): Fields {
  const { role } = message;
  const refusal = dialect.takesRefusal ? null : readText(message, 'refusal');
  const answered = (given: unknown) => (dialect.takesAllFields ? given : undefined);
  return mapFields(withoutState(message, dialect), {
    role: () => (role === 'developer' && !dialect.takesDeveloper ? 'system' : role),
    content: (content) => toPassedContent(content ?? refusal ?? silenceOf(message), dialect),
    // What OpenAI's answers have and a client gives back with them; strict servers refuse it.
    annotations: answered,
    audio: answered,
    function_call: answered,
    // What OpenAI's SDK has parsed for its user.
    parsed: () => undefined,
    refusal: (given) => (dialect.takesRefusal ? given : undefined),
    tool_calls: (calls) => (Array.isArray(calls) ? calls.map((call) => toPassedCall(call, dialect)) : calls),
    tool_call_id: (id) => toCallId(String(id), dialect),
  });
}

/** An answer without a word: "Invalid value for 'content': expected a string, got null". */
function silenceOf({ role, refusal, tool_calls: calls, function_call: old }: Fields): '' | null {
  const isCall = (Array.isArray(calls) && calls.length > 0) || isRecord(old);
  return role === 'assistant' && !isCall && typeof refusal !== 'string' ? '' : null;
}

/** Texts alone are one text for servers whose templates know nothing else. */
function toPassedContent(content: unknown, dialect: OpenaiDialect): unknown {
  if (!Array.isArray(content)) return content;
  const isText = (part: unknown) => readText(part, 'type') === 'text';
  const isShown = (part: unknown) =>
    (dialect.takesReasoning && dialect.takesTextParts) || !thoughtTypes.has(readText(part, 'type') ?? '');
  const shown = content.filter(isShown);
  if (!dialect.takesTextParts && shown.every(isText))
    return shown.map((part) => readText(part, 'text') ?? '').join('\n');
  return shown.map((part) => withoutState(part, dialect));
}

/** What a model thought among the parts of its answer: Mistral's, which others refuse. */
const thoughtTypes = new Set(['thinking', 'reasoning', 'redacted_thinking']);

function toPassedCall(call: Fields, dialect: OpenaiDialect): Fields {
  return mapFields(withoutState(call, dialect), {
    id: (id) => toCallId(String(id), dialect),
    type: (type) => type ?? 'function',
    function: (called) =>
      isRecord(called) ? mapFields(called, { arguments: toText, parsed_arguments: () => undefined }) : called,
  });
}

/** Some clients send the arguments as the object they are. */
const toText = (given: unknown) => (isRecord(given) ? writeJson(given) : (given ?? ''));

/** A tool as its server takes it. */
export function toPassedTool(tool: Fields, dialect: OpenaiDialect): Fields {
  return mapFields(withoutState(tool, dialect), {
    function: (declared) =>
      isRecord(declared)
        ? mapFields(declared, { strict: (strict) => (dialect.takesStrictTools ? strict : undefined) })
        : declared,
  });
}

/**
 * Without what belongs to another provider. What a server with OpenAI's wire wants back it finds where it
 * left it, whether its answer was given out in its words or in ours; OpenAI wants nothing back.
 */
function withoutState(fields: Fields, dialect: OpenaiDialect): Fields {
  const { extra_content: extra } = fields;
  const own = pickFields(readField(extra, 'openai'), stateFields(dialect));
  const isOthers = readList(extra, 'anthropic', 'content').length > 0;
  const isNamedOtherwise = readText({ ...own, ...fields }, 'reasoning') !== null;
  const given = (isKept: boolean) => (value: unknown) =>
    isKept && dialect.takesReasoning ? value : undefined;
  const kept = mapFields(fields, {
    cache_control: (mark) => (dialect.takesCacheMarks ? mark : undefined),
    extra_content: () => (dialect.takesReasoning ? googleState(extra) : undefined),
    reasoning: given(!isOthers),
    reasoning_details: given(!isOthers),
    // The same text under two names would be read twice.
    reasoning_content: given(!isOthers && !isNamedOtherwise),
  });
  return { ...own, ...kept };
}

function stateFields({ takesReasoning, takesCacheMarks }: OpenaiDialect): string[] {
  return [
    'extra_content',
    ...(takesReasoning ? reasoningFields : []),
    ...(takesCacheMarks ? ['cache_control'] : []),
  ];
}

/** Google's own OpenAI-compatible endpoint hangs its signatures on calls in a field of this name. */
function googleState(extra: unknown): unknown {
  const google = readField(extra, 'google');
  return isRecord(google) && readField(extra, 'openai') === undefined ? { google } : undefined;
}

/** The same fields in the same order, some of them changed; one that becomes undefined is left out. */
function mapFields(fields: Fields, changes: Record<string, (value: unknown) => unknown>): Fields {
  const mapped: Fields = {};
  for (const [name, value] of Object.entries(fields)) {
    // A client may call a field by a name that every object has.
    const change = Object.hasOwn(changes, name) ? changes[name] : undefined;
    const changed = change === undefined ? value : change(value);
    if (changed !== undefined) mapped[name] = changed;
  }
  return mapped;
}
