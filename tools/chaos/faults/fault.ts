import type { Random } from '../../stack/random.ts';
import type { Cluster } from '../cluster.ts';
import type { OutageKind } from '../outages.ts';

/**
 * One kind of fault. `inject` resolves when it is over, or when it goes on by itself until the cluster is
 * healed.
 */
export type Fault = {
  kind: string;
  disruptive: boolean;
  /**
   * What it makes unavailable to everybody while it lasts, and for a while after; nothing when it is left
   * out.
   */
  outage?: OutageKind;
  /** How many faults were really done: 0 when there was nothing to break. */
  inject(cluster: Cluster, random: Random): Promise<number>;
};

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
