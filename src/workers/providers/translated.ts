import type { ChatCompletion } from '../../shared/chat/chat.ts';
import type { Usage } from '../../shared/chat/usage.ts';

/** An upstream's answer in our words. */
export type Translated = {
  completion: ChatCompletion;
  usage: Usage | null;
  /** The tier that the upstream reports to have served. */
  serviceTier?: string | null;
  /** The answer as it was billed, where the client is given less of it. */
  billed?: ChatCompletion;
};
