import { type AccountSlots, createAccountSlots } from './account-slots.ts';

const maxWaitMs = 30_000;
const busyMessage = 'Too many such reads of this account are under way; try again';

/**
 * Does the work of each account one piece at a time, in this process: the others of the same account wait,
 * and nobody else. Throws a 429 when a piece of work has waited for 30 s.
 */
export function createAccountMutex(): AccountSlots {
  return createAccountSlots(1, busyMessage, maxWaitMs);
}
