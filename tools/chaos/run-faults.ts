import type { Random } from '../stack/random.ts';
import type { Cluster } from './cluster.ts';
import { type Fault, sleep } from './faults/fault.ts';
import type { Outages } from './outages.ts';
import type { FaultTally } from './tally.ts';

/** Faults of one family, which would get in each other's way: they happen one after the other. */
export type Lane = { next(): Fault; random: Random };

/** Deals every fault once, in an order of its own, before it deals any again. */
export function createDeck<Card>(cards: readonly Card[], random: Random): () => Card {
  let left: Card[] = [];
  return () => {
    if (left.length === 0) left = random.shuffle([...cards]);
    return left.pop() as Card;
  };
}

/** Injects the faults of these lanes side by side until the time is over; resolves when the last one is. */
export async function runFaults(
  cluster: Cluster,
  lanes: Lane[],
  { tally, outages }: { tally: FaultTally; outages: Outages },
  forMs: number,
  note: (line: string) => void,
): Promise<void> {
  const until = Date.now() + forMs;
  await Promise.all(
    lanes.map(async ({ next, random }) => {
      while (Date.now() < until) {
        await sleep(200 + random.int(900));
        const fault = next();
        const isBack = fault.outage === undefined ? null : outages.begin(fault.outage);
        // What cannot be broken now, because another fault is at it, is left alone and not counted.
        const count = await fault.inject(cluster, random).catch((error: unknown) => {
          note(`${fault.kind} could not be done: ${error instanceof Error ? error.message : String(error)}`);
          return 0;
        });
        isBack?.();
        tally.add(fault.kind, fault.disruptive, count);
      }
    }),
  );
}
