import type { Random } from '../stack/random.ts';
import type { ChaosClient } from './client.ts';
import type { Cluster } from './cluster.ts';
import type { Innocent } from './innocent.ts';
import type { Outages } from './outages.ts';
import type { Receiver } from './receiver.ts';
import type { FaultTally } from './tally.ts';
import type { Watchers } from './watcher.ts';

/** What scenes and hostile tenants stand on. */
export type Ground = {
  cluster: Cluster;
  /** Of the account that submits. */
  key: string;
  client: ChaosClient;
  watchers: Watchers;
  innocent: Innocent;
  outages: Outages;
  receiver: Receiver;
  random: Random;
  tally: FaultTally;
  /** One line for whoever watches the run. */
  print(line: string): void;
};
