import { Queue } from 'bullmq';
import type { Cluster } from '../cluster.ts';
import { type Fault, sleep } from './fault.ts';

const resumeMsMax = 30_000;
const providers = ['openai', 'anthropic', 'google'];

type JobRow = { id: string; generation: number; provider: string; model: string; tokens: number };

async function withQueues<Result>(
  { redis, prefix }: Cluster,
  work: (queues: Map<string, Queue>) => Promise<Result>,
): Promise<Result> {
  const connection = redis.control.duplicate();
  connection.on('error', () => undefined);
  const queues = new Map(
    providers.map((provider) => {
      const queue = new Queue(`completions-${provider}`, { connection, prefix: `${prefix}:{${provider}}` });
      queue.on('error', () => undefined);
      return [provider, queue];
    }),
  );
  try {
    return await work(queues);
  } finally {
    await Promise.all([...queues.values()].map((queue) => queue.close()));
    connection.disconnect();
  }
}

/** Adds tickets nobody asked for, under ids that BullMQ has not seen. */
async function addTickets(cluster: Cluster, jobs: JobRow[], label: string): Promise<number> {
  await withQueues(cluster, async (queues) => {
    for (const { id, generation, provider, model, tokens } of jobs) {
      const jobId = `${id}_${generation}_${label}${Math.random().toString(36).slice(2, 8)}`;
      await queues
        .get(provider)
        ?.add('completion', { id, generation, model, tokens }, { jobId, removeOnComplete: true });
    }
  });
  return jobs.length;
}

function recentJobs({ sql }: Cluster, state: string, generationShift: number): Promise<JobRow[]> {
  return sql<JobRow[]>`
    select id, generation + ${generationShift}::integer as generation, provider, target_model as model,
      tokens_bound as tokens
    from jobs where state = ${state} order by id desc limit 10`;
}

/** Removes keys of the queues, as a Redis does that makes room for new ones. */
async function evict(
  cluster: Cluster,
  choose: (queues: Map<string, Queue>) => Promise<string[]>,
): Promise<number> {
  const keys = await withQueues(cluster, choose);
  const gone = await Promise.all(keys.map((key) => cluster.redis.control.del(key)));
  return gone.reduce((sum, count) => sum + count, 0);
}

function operatorDoes(kind: string, act: (queue: Queue) => Promise<unknown>): Fault {
  return {
    kind: `operator: ${kind}`,
    disruptive: false,
    outage: 'tickets',
    inject: (cluster) =>
      withQueues(cluster, async (queues) => {
        const done = await Promise.allSettled([...queues.values()].map(act));
        return done.filter(({ status }) => status === 'fulfilled').length;
      }),
  };
}

/**
 * Whoever paused a queue resumes it, however long Redis refuses: a queue left paused would be no fault of the
 * gateway's.
 */
async function resume(queue: Queue): Promise<void> {
  const until = Date.now() + resumeMsMax;
  for (;;) {
    try {
      return await queue.resume();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(100);
    }
  }
}

/** Tickets that are repeated, stale, invented, or taken away by hand, and leaders that are deposed. */
export const ticketFaults: Fault[] = [
  {
    kind: 'tickets of ticketed jobs repeated',
    disruptive: false,
    inject: async (cluster) => addTickets(cluster, await recentJobs(cluster, 'ticketed', 0), 'twice'),
  },
  {
    kind: 'tickets of running jobs repeated',
    disruptive: false,
    inject: async (cluster) => addTickets(cluster, await recentJobs(cluster, 'running', 0), 'again'),
  },
  {
    kind: 'tickets of finished jobs repeated',
    disruptive: false,
    inject: async (cluster) => addTickets(cluster, await recentJobs(cluster, 'succeeded', 0), 'late'),
  },
  {
    kind: 'tickets of an old generation',
    disruptive: false,
    inject: async (cluster) => addTickets(cluster, await recentJobs(cluster, 'ticketed', -1), 'old'),
  },
  {
    kind: 'tickets of jobs that do not exist',
    disruptive: false,
    inject: async (cluster) =>
      addTickets(
        cluster,
        providers.map((provider) => ({
          id: 'job_00000000000000000000000000000000',
          generation: 0,
          provider,
          model: `${provider}/none`,
          tokens: 1,
        })),
        'phantom',
      ),
  },
  {
    kind: 'places of tickets evicted',
    disruptive: false,
    outage: 'tickets',
    inject: (cluster) =>
      evict(cluster, async (queues) =>
        [...queues.values()].flatMap((queue) => ['prioritized', 'delayed'].map((set) => queue.toKey(set))),
      ),
  },
  {
    kind: 'texts of tickets evicted',
    disruptive: false,
    outage: 'tickets',
    inject: (cluster) =>
      evict(cluster, async (queues) => {
        const jobs = await recentJobs(cluster, 'ticketed', 0);
        return jobs.flatMap(({ id, generation, provider }) => {
          const queue = queues.get(provider);
          return queue === undefined ? [] : [queue.toKey(`${id}_${generation}`)];
        });
      }),
  },
  operatorDoes('queues emptied by hand', (queue) => queue.drain(true)),
  operatorDoes('queues obliterated', (queue) => queue.obliterate({ force: true })),
  operatorDoes('queues paused and resumed', async (queue) => {
    await queue.pause();
    await sleep(500);
    await resume(queue);
  }),
  {
    kind: 'leaders deposed: several lead for a moment',
    disruptive: false,
    inject: async ({ sql }) => (await sql`delete from leaders returning role`).length,
  },
  {
    kind: 'leadership held by somebody who is gone',
    disruptive: false,
    outage: 'tickets',
    inject: async ({ sql }) =>
      (await sql`update leaders set holder = 'gone', until = now() + interval '2 seconds' returning role`)
        .length,
  },
];
