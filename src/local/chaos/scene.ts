import type { Random } from '../random.ts';
import type { ChaosClient } from './client.ts';
import type { Cluster } from './cluster.ts';
import type { Innocent } from './innocent.ts';
import type { Neighbourhood } from './neighbours.ts';
import type { Outages } from './outages.ts';
import type { Poisoner } from './poison.ts';
import type { Receiver } from './receiver.ts';
import type { FaultTally } from './tally.ts';
import type { Watchers } from './watcher.ts';

/** What every scene plays on. */
export type Stage = {
  cluster: Cluster;
  /** Of the account that orders. */
  key: string;
  client: ChaosClient;
  watchers: Watchers;
  innocent: Innocent;
  outages: Outages;
  neighbourhood: Neighbourhood;
  poisoner: Poisoner;
  receiver: Receiver;
  random: Random;
  tally: FaultTally;
  /** One line for whoever watches the run. */
  say(line: string): void;
};
