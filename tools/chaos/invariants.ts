import { bookInvariants } from './checks/books.ts';
import { callInvariants } from './checks/calls.ts';
import { holdInvariants } from './checks/holds.ts';
import { innocentInvariants } from './checks/innocents.ts';
import { lockedBookInvariants } from './checks/locked-books.ts';
import { submissionInvariants } from './checks/submissions.ts';
import { webhookInvariants } from './checks/webhooks.ts';
import type { Breach, Evidence, Facts, Invariant, Violation } from './evidence.ts';
import { historyOf } from './job-history.ts';
import { readStoredFacts } from './stored-facts.ts';

const streamInvariant: Invariant = {
  name: 'every reader of live events saw the whole job, and its text is the result',
  check: ({ watchers }) => watchers.check(),
};

/** Everything that must be true whenever all has come to rest, whatever happened before. */
export const invariants: readonly Invariant[] = [
  ...submissionInvariants,
  ...bookInvariants,
  ...lockedBookInvariants,
  ...holdInvariants,
  ...callInvariants,
  ...webhookInvariants,
  ...innocentInvariants,
  streamInvariant,
];

/** Stories take six questions each; this many jobs say what is wrong as well as all of them. */
const storiesMax = 50;

/**
 * Checks every invariant over everything, none of it sampled. An invariant that cannot be checked counts as
 * broken. The first fifty jobs come with their whole story.
 */
export async function checkInvariants(facts: Facts): Promise<Violation[]> {
  const evidence: Evidence = { ...facts, stored: await readStoredFacts(facts.sql) };
  const violations: Violation[] = [];
  const stories = new Map<string, string[]>();
  for (const { name, check } of invariants) {
    for (const { jobId, detail } of await checkOne(check, evidence)) {
      if (jobId !== null && !stories.has(jobId) && stories.size < storiesMax)
        stories.set(jobId, await historyOf(facts.sql, jobId, facts));
      const history = jobId === null ? [] : (stories.get(jobId) ?? []);
      violations.push({ invariant: name, jobId, detail, history });
    }
  }
  return violations;
}

async function checkOne(check: Invariant['check'], evidence: Evidence): Promise<Breach[]> {
  try {
    return await check(evidence);
  } catch (error) {
    return [{ jobId: null, detail: `could not be checked: ${String(error)}` }];
  }
}
