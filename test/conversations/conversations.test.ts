import { expect, it } from 'vitest';
import { holdConversation } from './hold-conversation.ts';

const conversations = Number(process.env['CONVERSATIONS'] ?? 1000);
const firstSeed = Number(process.env['CONVERSATION_SEED'] ?? 1);

it(`holds ${conversations} conversations over every pair of surface and provider`, async () => {
  const failures: string[] = [];
  for (let seed = firstSeed; seed < firstSeed + conversations; seed += 1) {
    await holdConversation(seed).catch((error: Error) => failures.push(error.message));
  }
  expect(failures).toEqual([]);
}, 120_000);
