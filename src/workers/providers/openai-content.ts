import { writeJson } from '../../shared/platform/json/verbatim.ts';
import { isRecord, readField, readText } from './read-field.ts';
import { UnreadableAnswer } from './unreadable-answer.ts';

/** What the content of a message, or of a piece of one, holds. */
export type OpenaiContent = {
  text: string;
  reasoning: string;
  refusal: string | null;
  /** Parts that are tool calls, as they came. */
  calls: unknown[];
};

/**
 * The content of a message or a delta, in each shape that servers with OpenAI's wire send: a text, a list of
 * parts (Mistral's `thinking` among them, `ThinkChunk` of its API), one part alone, or the object that was
 * asked for as JSON. Throws `UnreadableAnswer` for a part that is not known and has no text.
 */
export function readOpenaiContent(content: unknown): OpenaiContent {
  const read: OpenaiContent = { text: '', reasoning: '', refusal: null, calls: [] };
  if (typeof content === 'string') read.text = content;
  else if (Array.isArray(content)) for (const part of content) addPart(read, part);
  else if (isRecord(content) && isPart(content)) addPart(read, content);
  else if (content !== undefined && content !== null) read.text = writeJson(content);
  return read;
}

const isPart = (content: Record<string, unknown>) =>
  typeof content['type'] === 'string' || textOf(content) !== null;
const callTypes = ['tool_use', 'tool_call', 'function_call', 'function'];
/** Where a text was found; it has no meaning without that. */
const citationTypes = ['reference', 'citation'];

function addPart(read: OpenaiContent, part: unknown): void {
  if (typeof part === 'string') {
    read.text += part;
    return;
  }
  const type = readText(part, 'type') ?? 'text';
  const refusal = readText(part, 'refusal');
  const text = textOf(part);
  if (callTypes.includes(type)) read.calls.push(part);
  else if (refusal !== null) read.refusal = (read.refusal ?? '') + refusal;
  else if (type === 'thinking' || type.startsWith('reasoning')) read.reasoning += thoughtOf(part);
  else if (text !== null) read.text += text;
  else if (!citationTypes.includes(type)) {
    throw new UnreadableAnswer(
      'content',
      `the provider answered with a part of type ${JSON.stringify(type)}`,
    );
  }
}

/** Some have an object with a `value` in the field. */
function textOf(part: unknown): string | null {
  return readText(part, 'text') ?? readText(part, 'text', 'value') ?? readText(part, 'content');
}

function thoughtOf(part: unknown): string {
  const thought = readField(part, 'thinking') ?? readField(part, 'reasoning') ?? readField(part, 'summary');
  return thought === undefined ? (textOf(part) ?? '') : readOpenaiContent(thought).text;
}
