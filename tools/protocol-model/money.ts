import { type Hold, releaseShare } from '../../src/shared/jobs/rules/transitions.ts';

/** An account and what it was given and charged in all, so that money can be counted on both sides. */
export type Account = {
  id: string;
  depositedNano: bigint;
  availableNano: bigint;
  heldNano: bigint;
  chargedNano: bigint;
};

export function createAccount(id: string, depositNano: bigint): Account {
  return { id, depositedNano: depositNano, availableNano: depositNano, heldNano: 0n, chargedNano: 0n };
}

/** Moves money from available to held. */
export function reserve(account: Account, amountNano: bigint): void {
  account.availableNano -= amountNano;
  account.heldNano += amountNano;
}

/** The hold without the share; null, and no money moved, when it was released before. */
export function release(account: Account, hold: Hold, shareNano: bigint): Hold | null {
  const rest = releaseShare(hold, shareNano);
  if (rest === null) return null;
  account.availableNano += shareNano;
  account.heldNano -= shareNano;
  return rest;
}

export function take(account: Account, chargeNano: bigint): void {
  account.availableNano -= chargeNano;
  account.chargedNano += chargeNano;
}
