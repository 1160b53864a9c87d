import { describe, expect, it } from 'vitest';
import { holdConversation } from './hold-conversation.ts';

/** Other conversations with `GATEWAY_TEST_CONVERSATION_SEED=n`, more with `GATEWAY_TEST_CONVERSATIONS=n`. */
const conversations = Number(process.env['GATEWAY_TEST_CONVERSATIONS'] ?? 1000);
const firstSeed = Number(process.env['GATEWAY_TEST_CONVERSATION_SEED'] ?? 1);
const parts = 10;

describe('conversations of twelve turns, with another provider in each if it happens so', () => {
  it.each(Array.from({ length: parts }, (_, part) => part))(
    'are taken by both sides, and mean the same (part %i)',
    async (part) => {
      const failures: string[] = [];
      for (let count = part; count < conversations; count += parts) {
        await holdConversation(firstSeed + count).catch((error: Error) => failures.push(error.message));
      }
      expect(failures).toEqual([]);
    },
    60_000,
  );
});
