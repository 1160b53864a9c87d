import type { ReservedCall } from '../../shared/jobs/express.ts';
import { resultWithin } from '../../shared/platform/wait-at-most.ts';
import type { GatePass } from '../../shared/queue/gate.ts';
import type { RunJobDeps } from './run-job.ts';

/** Behind every ticket: who is refused by the gate queues, and is next when its ticket is. */
const expressRank = 2 ** 31;
/** A gate that does not answer at once is not waited for, nor asked again for a moment. */
const gateMsMax = 250;
const gateUnavailableMs = 1000;

/** The slot of a call that does not queue: should it queue after all, its ticket has another. */
export const expressSlotOf = (jobId: string) => `${jobId}_express`;

/** Asks the gate for a call that would begin now: null when it is shut, or does not answer at once. */
export function createExpressGate(
  deps: Pick<RunJobDeps, 'gate' | 'isPaused' | 'answersWait'>,
): (call: ReservedCall) => Promise<GatePass | null> {
  let unavailableUntilMs = 0;
  return async ({ jobId, provider, model, tokens }) => {
    if (deps.isPaused(provider) || deps.answersWait() || Date.now() < unavailableUntilMs) return null;
    const pass = { provider, model, tokens, slot: expressSlotOf(jobId), rank: expressRank };
    try {
      return (await resultWithin(gateMsMax, deps.gate.admit(pass), 'redis')).admitted ? pass : null;
    } catch {
      unavailableUntilMs = Date.now() + gateUnavailableMs;
      // It may have let the call pass before its answer was lost.
      void deps.gate.report(pass, { kind: 'unused' });
      return null;
    }
  };
}
