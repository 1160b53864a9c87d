import type { Dialect } from '../chat/chat.ts';
import type { ModelEntry } from './model.ts';

/** Whether the provider of a model takes bodies of a dialect as their clients wrote them. */
export function speaks({ kind, api }: ModelEntry, dialect: Dialect): boolean {
  if (dialect === 'messages') return kind === 'anthropic';
  // A model that OpenAI serves through either of its APIs is asked through the one that its client speaks.
  return kind === 'openai' && (api === undefined || api === dialect);
}
