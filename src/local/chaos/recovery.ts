import type { Fault } from './faults/fault.ts';
import { sleep } from './faults/fault.ts';
import { firstSettledAfter, quiesce } from './quiesce.ts';
import type { Stage } from './scene.ts';
import { submitOrders } from './submit-orders.ts';

export type Recovery = { fault: string; firstSettledMs: number | null };

const patienceMs = 20_000;

function outages({ cluster: { redis, postgres } }: Stage): { kind: string; inject(): Promise<unknown> }[] {
  return [
    { kind: 'Redis kill -9, away for 2 s', inject: () => redis.restart('SIGKILL', 2000) },
    { kind: 'Redis FLUSHALL', inject: () => redis.control.flushall() },
    { kind: 'Redis stopped for 4 s', inject: () => redis.freeze(4000) },
    { kind: 'Postgres restarted at once', inject: () => postgres.restart('SIGQUIT', 0) },
    { kind: 'Postgres stopped, away for 2 s', inject: () => postgres.restart('SIGINT', 2000) },
    { kind: 'Postgres kill -9, away for 5 s', inject: () => postgres.restart('SIGKILL', 5000) },
  ] satisfies { kind: Fault['kind']; inject(): Promise<unknown> }[];
}

/** Under a steady load, takes a server away and measures how long after its return the first job is settled. */
export async function measureRecovery(stage: Stage, rounds: number): Promise<Recovery[]> {
  const { cluster, tally } = stage;
  const recoveries: Recovery[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const outage of outages(stage)) {
      const load = submitOrders(stage, {
        perSecond: 20,
        forMs: 9000,
        providerFaultShare: 0,
        label: `recovery ${round} ${outage.kind}`,
      });
      await sleep(1000);
      await outage.inject();
      const backAt = Date.now();
      tally.add(`recovery: ${outage.kind}`, true);
      const firstSettledMs = await firstSettledAfter(cluster.sql, backAt, patienceMs);
      recoveries.push({ fault: outage.kind, firstSettledMs });
      await load;
      await quiesce(cluster.sql, patienceMs);
    }
  }
  return recoveries;
}
