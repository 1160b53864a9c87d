import type { PassThrough } from '../chat/chat.ts';
import { isCommonChat, showsInResults } from '../chat/common-chat.ts';
import type { ModelEntry } from './model.ts';

/** Whether the provider of a model takes this body as its client wrote it. */
export function speaks({ kind, api }: ModelEntry, { dialect, body }: PassThrough): boolean {
  if (dialect === 'messages') return kind === 'anthropic';
  if (kind === 'compatible') return dialect === 'chat' && isCommonChat(body);
  if (dialect === 'chat' && showsInResults(body)) return false;
  // A model that OpenAI serves through either of its APIs is asked through the one that its client speaks.
  return kind === 'openai' && (api === undefined || api === dialect);
}
