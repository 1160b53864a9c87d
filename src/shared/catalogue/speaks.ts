import type { Dialect } from '../chat/chat.ts';
import type { ModelEntry } from './model.ts';

const kinds: Record<Dialect, ModelEntry['kind'][]> = {
  chat: ['openai'],
  messages: ['anthropic'],
  responses: [],
};

/**
 * Whether the provider of a model takes bodies of a dialect as their clients wrote them; a model that is
 * asked through OpenAI's Responses API takes none of chat completions.
 */
export function speaks({ kind, api }: ModelEntry, dialect: Dialect): boolean {
  return kinds[dialect].includes(kind) && !(dialect === 'chat' && api === 'responses');
}
