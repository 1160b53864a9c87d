import type { Breach, Evidence, Invariant } from '../evidence.ts';

/** Money set aside, and what became of it. */
export const holdInvariants: Invariant[] = [
  { name: 'no final job holds money', check: checkFinalJobs },
  { name: 'what an account has held is the shares of its unfinished jobs', check: checkHeld },
  { name: 'every charge is between nothing and the hold of its job', check: checkCharges },
];

function checkFinalJobs({ stored }: Evidence): Breach[] {
  return [...stored.jobs.values()].flatMap(({ id, is_final, hold_id, state }) => {
    const hold = stored.holds.get(hold_id);
    if (hold === undefined) return [{ jobId: id, detail: 'it has no hold' }];
    if (!is_final || hold.batch_id !== null) return [];
    if (hold.remaining_nano === 0n && hold.is_closed) return [];
    const detail = `${state}, and its hold is ${hold.is_closed ? 'closed' : 'open'} with ${hold.remaining_nano}`;
    return [{ jobId: id, detail }];
  });
}

function checkHeld({ stored }: Evidence): Breach[] {
  const ofHold = new Map<string, bigint>();
  for (const job of stored.jobs.values()) if (!job.is_final) add(ofHold, job.hold_id, job.hold_nano);
  const ofAccount = new Map<string, bigint>();
  const breaches: Breach[] = [];
  for (const hold of stored.holds.values()) {
    const shares = ofHold.get(hold.id) ?? 0n;
    add(ofAccount, hold.account_id, shares);
    if (hold.remaining_nano === shares) continue;
    const detail = `${hold.id} has ${hold.remaining_nano} left, its unfinished jobs hold ${shares}`;
    breaches.push({ jobId: null, detail });
  }
  for (const { account_id: accountId, held_nano: held, available_nano: available } of stored.balances) {
    const shares = ofAccount.get(accountId) ?? 0n;
    if (held !== shares)
      breaches.push({ jobId: null, detail: `${accountId} has ${held} held, of ${shares}` });
    if (available < 0n || held < 0n)
      breaches.push({ jobId: null, detail: `${accountId} is overdrawn: ${available} and ${held}` });
  }
  return breaches;
}

function checkCharges({ stored }: Evidence): Breach[] {
  return [...stored.charges.values()].flatMap((charge): Breach[] => {
    const jobId = charge.job_id;
    const job = stored.jobs.get(jobId);
    if (job === undefined) return [{ jobId, detail: 'a charge without a job' }];
    if (!job.is_final) return [{ jobId, detail: `charged while ${job.state}` }];
    const { amount_nano: amount } = charge;
    if (charge.hold_nano !== job.hold_nano)
      return [{ jobId, detail: `charged of a hold of ${charge.hold_nano}, it held ${job.hold_nano}` }];
    if (amount < 0n || amount > job.hold_nano)
      return [{ jobId, detail: `charged ${amount} of a hold of ${job.hold_nano}` }];
    if (job.state === 'failed' && amount !== 0n) return [{ jobId, detail: `failed, and charged ${amount}` }];
    return [];
  });
}

function add(sums: Map<string, bigint>, key: string, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount);
}
