import type { NanoUsd } from './money.ts';

/** What a job is charged, and what its provider billed beyond its hold. */
export type Charge = { amountNano: NanoUsd; overrunNano: NanoUsd };

/** A charge never exceeds its hold; the rest is a cost of the house, recorded as an overrun. */
export function chargeWithin(costNano: NanoUsd, holdNano: NanoUsd): Charge {
  const amountNano = costNano < holdNano ? costNano : holdNano;
  return { amountNano, overrunNano: costNano - amountNano };
}
