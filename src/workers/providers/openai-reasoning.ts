import type { ExtraContent } from '../../shared/chat/chat.ts';
import { keptReasoning } from '../../shared/formats/common/extra-content.ts';
import { isRecord, readField, readList, readText } from './read-field.ts';

/**
 * Reasoning that servers with OpenAI's wire hand out beside the answer and want back with the next turn:
 * `reasoning_content` (DeepSeek, older vLLM) as the field of that name; the others as they are.
 */
const stateFields = ['reasoning', 'reasoning_details'] as const;

/** The same of a request: what may stand in the state of an assistant's message. */
export const reasoningFields = ['reasoning_content', ...stateFields] as const;

/**
 * What the model thought, as text, of a message or a delta. Some servers say the same under two names, so the
 * first that has a text counts. `thinking` is Ollama's.
 */
export function readReasoning(message: unknown): string {
  const names = ['reasoning_content', 'reasoning', 'thinking'];
  const named = names.map((name) => readText(message, name)).find(Boolean);
  if (named !== undefined && named !== null) return named;
  return readList(message, 'reasoning_details')
    .map((detail) => readText(detail, 'text') ?? readText(detail, 'summary') ?? '')
    .join('');
}

/** Of a delta: the pieces that are kept as state, joined with those before. */
export function joinReasoning(state: Record<string, unknown>, delta: unknown): unknown[] {
  const pieces: unknown[] = [];
  for (const name of stateFields) {
    const piece = readField(delta, name);
    if (typeof piece !== 'string' && !Array.isArray(piece)) continue;
    state[name] = joinPieces(state[name], piece);
    pieces.push(piece);
  }
  return pieces;
}

function joinPieces(before: unknown, piece: string | unknown[]): unknown {
  if (typeof piece === 'string') return (typeof before === 'string' ? before : '') + piece;
  return Array.isArray(before) ? [...before, ...piece] : piece;
}

/** The message's own reasoning fields as they can be given back, or undefined when it has none. */
export function keepReasoning(message: unknown): ExtraContent | undefined {
  if (!isRecord(message)) return undefined;
  const kept = stateFields
    .map((name) => [name, keptField(message[name])] as const)
    .filter(([, value]) => value !== undefined);
  return kept.length === 0 ? undefined : { openai: Object.fromEntries(kept) };
}

function keptField(value: unknown): unknown {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (!Array.isArray(value)) return undefined;
  const details = value.map(keptReasoning).filter((detail) => detail !== null);
  return details.length === 0 ? undefined : details;
}
