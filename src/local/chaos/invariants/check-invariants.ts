import { callInvariants } from './calls.ts';
import { gatherEvidence, type Invariant, type Violation, type Witnesses } from './evidence.ts';
import { guardInvariants } from './guards.ts';
import { jobHistory } from './job-history.ts';
import { jobInvariants } from './jobs.ts';
import { moneyInvariants } from './money.ts';
import { streamInvariants } from './streams.ts';
import { webhookInvariants } from './webhooks.ts';

/** Everything that must be true whenever all has come to rest. */
export const invariants: Invariant[] = [
  ...jobInvariants,
  ...moneyInvariants,
  ...callInvariants,
  ...webhookInvariants,
  ...streamInvariants,
  ...guardInvariants,
];

/** Checks every invariant over everything, without sampling; each violation comes with the whole story of its job. */
export async function checkInvariants(witnesses: Witnesses): Promise<Violation[]> {
  const evidence = await gatherEvidence(witnesses);
  const violations: Violation[] = [];
  for (const { name, broken } of invariants) {
    for (const { jobId, detail } of await broken(evidence)) {
      violations.push({
        invariant: name,
        jobId,
        detail,
        history: jobId === null ? [] : await jobHistory(evidence, jobId),
      });
    }
  }
  return violations;
}
