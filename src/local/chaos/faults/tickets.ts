import { Queue } from 'bullmq';
import type { Cluster } from '../cluster.ts';
import type { Fault } from './fault.ts';

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
    select id, generation + ${generationShift}::integer as generation, provider, target_model as model, tokens_bound as tokens
    from jobs where state = ${state} order by id desc limit 10`;
}

function operatorDoes(kind: string, act: (queue: Queue) => Promise<unknown>): Fault {
  return {
    kind: `operator: ${kind}`,
    disruptive: false,
    inject: (cluster) =>
      withQueues(cluster, async (queues) => {
        const done = await Promise.allSettled([...queues.values()].map(act));
        return done.filter(({ status }) => status === 'fulfilled').length;
      }),
  };
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
  operatorDoes('queues emptied by hand', (queue) => queue.drain(true)),
  operatorDoes('queues obliterated', (queue) => queue.obliterate({ force: true })),
  operatorDoes('queues paused and resumed', async (queue) => {
    await queue.pause();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await queue.resume();
  }),
  {
    kind: 'leaders deposed: several lead for a moment',
    disruptive: false,
    inject: async ({ sql }) => (await sql`delete from leaders returning role`).length,
  },
  {
    kind: 'leadership held by somebody who is gone',
    disruptive: false,
    inject: async ({ sql }) =>
      (await sql`update leaders set holder = 'gone', until = now() + interval '2 seconds' returning role`)
        .length,
  },
];
