import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { isRecord, parseJson } from './read-field.ts';
import { UnreadableAnswer } from './unreadable-answer.ts';

const none = '{}';

/**
 * The arguments of a tool call as the JSON text that OpenAI's wire has them in. Servers send them as an
 * object (ggml-org/llama.cpp#20198), encoded twice, as an empty list (PHP), or not at all; only what says
 * nothing stands for no arguments. Text that is no JSON is what the model wrote, and stays as it is. Throws
 * `UnreadableAnswer` for a list or a bare value.
 */
export function toArguments(given: unknown): string {
  if (given === undefined || given === null || isEmptyList(given)) return none;
  if (isRecord(given)) return writeJson(given);
  if (typeof given === 'string') return fromText(given);
  throw new UnreadableAnswer('tool_arguments', 'the provider sent tool arguments that are no object');
}

function fromText(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return none;
  if (isObjectText(trimmed)) return text;
  const value = parseJson(trimmed);
  if (value === null || isEmptyList(value)) return none;
  return typeof value === 'string' && isObjectText(value) ? value : text;
}

/** Whether the text begins as an object, so that it can be passed on as it comes. */
export const isObjectText = (text: string): boolean => /^\s*\{/.test(text);

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;
