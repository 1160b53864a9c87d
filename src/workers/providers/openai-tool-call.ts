import type { ExtraContent, ToolCall } from '../../shared/chat/chat.ts';
import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { isRecord, readField, readList, readText } from './read-field.ts';
import { toArguments } from './tool-arguments.ts';
import { UnreadableAnswer } from './unreadable-answer.ts';

/** A tool call, or a fragment of one, whatever server sent it; null is what it does not have. */
export type ReportedCall = {
  index: number | null;
  id: string | null;
  name: string | null;
  /** In whatever shape they came; undefined when there are none. */
  args: unknown;
  isCustom: boolean;
  state: { extra_content?: ExtraContent };
};

/**
 * The tool calls of a message or a delta, wherever servers put them: `tool_calls` (a list, or one alone), the
 * older `function_call`, or parts of its content.
 */
export function listReportedCalls(message: unknown, inContent: readonly unknown[]): readonly ReportedCall[] {
  const calls = readField(message, 'tool_calls');
  const legacy = readField(message, 'function_call');
  if (!calls && !legacy && inContent.length === 0) return noCalls;
  const given = isRecord(calls) ? [calls] : readList(message, 'tool_calls');
  const older = given.length === 0 && isRecord(legacy) ? [{ function: legacy }] : [];
  return [...given, ...older, ...inContent].map(readReportedCall);
}

const noCalls: readonly ReportedCall[] = [];

/** They lie in `function`, in `custom` (a custom tool of OpenAI's), or beside the id (Ollama, Anthropic). */
export function readReportedCall(call: unknown): ReportedCall {
  const custom = readField(call, 'custom');
  const own = readField(call, 'function');
  const at = [custom, own].find(isRecord) ?? call;
  const index = Number(readField(call, 'index') ?? Number.NaN);
  const id = readField(call, 'id') ?? readField(call, 'call_id') ?? readField(call, 'tool_call_id');
  return {
    index: Number.isSafeInteger(index) ? index : null,
    id: typeof id === 'number' || (typeof id === 'string' && id !== '') ? String(id) : null,
    name: readText(at, 'name') || null,
    args: ['arguments', 'input', 'parameters', 'args'].map((key) => readField(at, key)).find(isGiven),
    isCustom: isRecord(custom),
    state: keepCallState(call),
  };
}

const isGiven = (value: unknown) => value !== undefined && value !== null;

/** The calls of a whole message. One without an id, or with that of another, gets an id of ours. */
export function toToolCalls(reported: readonly ReportedCall[]): ToolCall[] {
  const taken = new Set<string>();
  return reported.map(({ id, name, args, isCustom, state }) => {
    if (name === null)
      throw new UnreadableAnswer('tool_call', 'the provider sent a tool call without a name');
    const own = callIdUnless(taken, id);
    taken.add(own);
    const text = isCustom ? writeJson({ input: String(args ?? '') }) : toArguments(args);
    return {
      id: own,
      type: 'function',
      function: { name, arguments: text },
      ...(isCustom && { custom: true as const }),
      ...state,
    };
  });
}

/** The id a server gave, unless it gave none or another call has it: tool results need one to refer to. */
export function callIdUnless(taken: { has(id: string): boolean }, id: string | null): string {
  return id === null || taken.has(id) ? `call_${crypto.randomUUID().replaceAll('-', '')}` : id;
}

/** Google's own endpoint with OpenAI's wire hangs a thought signature on a tool call, as `extra_content`. */
function keepCallState(call: unknown): { extra_content?: ExtraContent } {
  const signature = readText(call, 'extra_content', 'google', 'thought_signature');
  if (signature === null) return {};
  return { extra_content: { openai: { extra_content: { google: { thought_signature: signature } } } } };
}
