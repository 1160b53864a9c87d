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
  const named =
    readText(message, 'reasoning_content') || readText(message, 'reasoning') || readText(message, 'thinking');
  if (named) return named;
  const details = readList(message, 'reasoning_details');
  if (details.length === 0) return '';
  return details.map((detail) => readText(detail, 'text') ?? readText(detail, 'summary') ?? '').join('');
}

/** Joins what is kept of a delta as state with what was before, and gives each such piece to `keep`. */
export function joinReasoning(
  state: Record<string, unknown>,
  delta: unknown,
  keep: (piece: unknown) => void,
): void {
  for (const name of stateFields) {
    const piece = readField(delta, name);
    if (typeof piece !== 'string' && !Array.isArray(piece)) continue;
    state[name] = joinPieces(state[name], piece);
    keep(piece);
  }
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
