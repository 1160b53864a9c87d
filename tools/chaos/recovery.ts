import { sleep } from './faults/fault.ts';
import { firstSettledAfter, quiesce } from './quiesce.ts';
import type { Stage } from './scene.ts';
import { submitJobs } from './submit-jobs.ts';

export type Recovery = { fault: string; firstSettledMs: number | null };

type Outage = { kind: string; losesTickets?: true; inject(): Promise<unknown> };

const maxWaitMs = 20_000;

function outagesOf({ cluster: { redis, postgres } }: Stage): Outage[] {
  return [
    { kind: 'Redis kill -9, away for 2 s', losesTickets: true, inject: () => redis.restart('SIGKILL', 2000) },
    { kind: 'Redis FLUSHALL', losesTickets: true, inject: () => redis.control.flushall() },
    { kind: 'Redis stopped for 4 s', inject: () => redis.freeze(4000) },
    { kind: 'Postgres restarted at once', inject: () => postgres.restart('SIGQUIT', 0) },
    { kind: 'Postgres stopped, away for 2 s', inject: () => postgres.restart('SIGINT', 2000) },
    { kind: 'Postgres kill -9, away for 5 s', inject: () => postgres.restart('SIGKILL', 5000) },
  ];
}

/**
 * Under a steady load, stops a server and measures how long after its return the first job is settled.
 */
export async function measureRecovery(stage: Stage, rounds: number): Promise<Recovery[]> {
  const { cluster, tally, outages } = stage;
  const recoveries: Recovery[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const outage of outagesOf(stage)) {
      const load = submitJobs(stage, {
        perSecond: 20,
        forMs: 9000,
        providerFaultShare: 0,
        label: `recovery ${round} ${outage.kind}`,
      });
      await sleep(1000);
      const isBack = outages.begin(outage.losesTickets ? 'tickets' : 'server');
      await outage.inject();
      isBack();
      const backAt = Date.now();
      tally.add(`recovery: ${outage.kind}`, true);
      const firstSettledMs = await firstSettledAfter(cluster.sql, backAt, maxWaitMs);
      recoveries.push({ fault: outage.kind, firstSettledMs });
      await load;
      await quiesce(cluster.sql, maxWaitMs);
    }
  }
  return recoveries;
}
