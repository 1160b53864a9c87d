/**
 * What keeps the protocol safe, one by one. Switching one off plants the bug of a gateway that forgot it, so
 * that the checks can show that they would see it.
 *
 * - `fence`: only the newest attempt may write. `stateCheck`: only while the job runs.
 * - `generationCheck`: only the newest ticket may claim. `leaseCheck`: only the owner of a run keeps its
 *   lease.
 * - `uniqueCharge`, `legalMoves`: the schema's own refusals, when the statements before it would not refuse.
 * - `attemptBeforeCall`: the attempt is written with the claim. `chargeBound`: a charge ends at its hold.
 * - `releaseAtSettle`: the hold's share goes with the end. `settleAtOnce`: so does the delivery, in the same
 *   transaction.
 * - `reaper`, `reconciler`: what repairs lost runs and lost tickets.
 * - `idempotencyKey`, `fundsCheck`: at intake. `expressClaim`: a job that is claimed where it is accepted
 *   goes to the process that claimed it, and to no other that asks for it again.
 * - `claimToken`: only who holds the claim of a key stores an answer under it. `claimEnd`: a claim ends with
 *   the process that has it.
 * - `postBeforeRecord`: a delivery is recorded after it was posted. `deliveryToken`: only by the lease that
 *   posted it.
 */
const guardNames = [
  'fence',
  'stateCheck',
  'generationCheck',
  'leaseCheck',
  'uniqueCharge',
  'legalMoves',
  'attemptBeforeCall',
  'chargeBound',
  'releaseAtSettle',
  'settleAtOnce',
  'reaper',
  'reconciler',
  'idempotencyKey',
  'fundsCheck',
  'expressClaim',
  'claimToken',
  'claimEnd',
  'postBeforeRecord',
  'deliveryToken',
] as const;

export type GuardName = (typeof guardNames)[number];
export type Guards = Readonly<Record<GuardName, boolean>>;

/** All guards but these. */
export function guardsWithout(...off: GuardName[]): Guards {
  return Object.fromEntries(guardNames.map((name) => [name, !off.includes(name)])) as Guards;
}
