import { callApi } from '../stack/admin.ts';
import { pick } from './ask.ts';
import { type BatchClient, createBatchClient } from './batch-client.ts';
import type { ClientRecord } from './client-record.ts';
import { openAccount } from './cluster.ts';
import { sleep } from './faults/fault.ts';
import type { Ground } from './ground.ts';
import { type HostileAct, hostileActs } from './hostile/acts.ts';
import { openHostileTenant } from './hostile/tenant.ts';
import { quiesce } from './quiesce.ts';
import type { Sink } from './sink.ts';
import { submitJobs } from './submit-jobs.ts';

/** What a neighbour asked for while a hostile tenant was at work; null when it was not done at all. */
export type NeighbourResult = {
  act: string;
  what: 'keyed request' | 'batch of one line';
  tookMs: number | null;
  limitMs: number;
};

const times = 3;
const floorMs = 1000;
/** A batch is moved by a loop that looks every half second, some steps one after the other. */
const batchFloorMs = 2000;
const loneRequests = 10;
const maxWaitMs = 60_000;
const restMs = 60_000;

/** The hostile tenant, and a neighbour who is not only to start in time but to be answered. */
export type Neighbourhood = {
  acts: HostileAct[];
  records(): ClientRecord[];
  /** When every act has ended, asks again for what is unknown of them. */
  retryUntilKnown(): Promise<void>;
  /** One act after the other, while the neighbour's requests are timed. */
  play(): Promise<NeighbourResult[]>;
};

export async function openNeighbourhood(stage: Ground, sink: Sink): Promise<Neighbourhood> {
  const { cluster } = stage;
  const random = stage.random.fork('neighbours').next;
  const hostile = await openHostileTenant(cluster, sink, random);
  const underWay = new Set<Promise<number>>();
  const acts = hostileActs(hostile, sink).map((act) => remembered(act, underWay));
  const accountId = 'neighbour';
  const key = await openAccount(cluster, accountId, '10');
  const urls = () => cluster.members.urls();
  const batches = createBatchClient({ urls, key, accountId, random });
  const askKeyed = await openKeyedRequest({ urls, key, random }, sink);
  return {
    acts,
    records: () => [...hostile.records(), batches.record()],
    async retryUntilKnown() {
      await Promise.all(underWay);
      await hostile.client.retryUntilKnown();
    },
    async play() {
      const limits = await measureLimits(askKeyed, batches);
      const results: NeighbourResult[] = [];
      for (const act of acts) {
        const load = submitJobs(stage, {
          perSecond: 5,
          forMs: 3000,
          providerFaultShare: 0,
          label: act.kind,
        });
        await stage.innocent.during(act.kind, async () => {
          const acting = act.run();
          // The act is well under way when the neighbour comes.
          await sleep(500);
          const [keyed, batch] = await Promise.all([askKeyed(), batches.run(['one line'], maxWaitMs)]);
          results.push({ act: act.kind, what: 'keyed request', tookMs: keyed, limitMs: limits.keyed });
          const tookMs = batch?.status === 'completed' ? batch.tookMs : null;
          results.push({ act: act.kind, what: 'batch of one line', tookMs, limitMs: limits.batch });
          stage.tally.add(`tenant: ${act.kind}`, false, await acting);
        });
        await load;
        await quiesce(cluster.sql, restMs);
      }
      return results;
    },
  };
}

/** An act that goes on when nobody waits for it is to be found. */
function remembered({ kind, run }: HostileAct, underWay: Set<Promise<number>>): HostileAct {
  return {
    kind,
    run: () => {
      const running: Promise<number> = run().finally(() => underWay.delete(running));
      underWay.add(running);
      return running;
    },
  };
}

async function measureLimits(askKeyed: () => Promise<number | null>, batches: BatchClient) {
  const keyed: number[] = [];
  for (let index = 0; index < loneRequests; index += 1) keyed.push((await askKeyed()) ?? maxWaitMs);
  const batch = await batches.run(['alone'], maxWaitMs);
  if (batch === null) throw new Error('the batch of a lone tenant does not end');
  return { keyed: times * Math.max(...keyed) + floorMs, batch: times * batch.tookMs + batchFloorMs };
}

/** A request with an Idempotency-Key that leaves the database: the test of an endpoint, answered at once. */
async function openKeyedRequest(
  { urls, key, random }: { urls(): string[]; key: string; random(): number },
  sink: Sink,
): Promise<() => Promise<number | null>> {
  const base = () => ({ url: pick(urls(), random()) ?? '', key });
  const { body } = await callApi(base(), 'POST', '/v1/webhook_endpoints', {
    body: { name: 'answers', url: sink.url, event_types: ['batch.expired'] },
  });
  const path = `/v1/webhook_endpoints/${(body as { id: string }).id}/test`;
  let number = 0;
  return async () => {
    number += 1;
    const beganMs = Date.now();
    const options = {
      body: { event_type: 'job.succeeded' },
      headers: { 'idempotency-key': `neighbour-${number}` },
    };
    const answer = await callApi(base(), 'POST', path, options).catch(() => null);
    return answer === null ? null : Date.now() - beganMs;
  };
}
