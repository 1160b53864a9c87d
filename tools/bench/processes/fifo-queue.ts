import { Queue, Worker } from 'bullmq';
import OpenAI from 'openai';
import { openRedis } from '../../../src/shared/platform/redis/redis.ts';
import { asBullConnection } from '../../../src/shared/queue/queue.ts';
import { chatRequest } from '../submission-body.ts';
import { readPlan, writeResult } from './plan.ts';

export type FifoPlan = { redisUrl: string; simulatorUrl: string; waiting: number; atOnce: number };

export type FifoResult = {
  /** How long a job that is added last waits for its start. */
  startDelayMs: number;
  /** What Redis holds more with all of them waiting. */
  redisBytes: number;
};

const name = 'baseline-fifo';

/**
 * One queue for everybody, first come first served: the jobs of one tenant, requests inside, then one of
 * another.
 */
async function run(plan: FifoPlan): Promise<FifoResult> {
  const redis = openRedis(
    { url: plan.redisUrl, clusterNodes: null, prefix: name },
    'blocking',
    () => undefined,
  );
  const connection = asBullConnection(redis);
  const queue = new Queue(name, { connection });
  const memory = async () =>
    Number(/^used_memory:(\d+)/m.exec((await redis.call('info', 'memory')) as string)?.[1]);
  const memoryBefore = await memory();
  for (let left = plan.waiting; left > 0; left -= 1000) {
    const jobs = Array.from({ length: Math.min(1000, left) }, () => ({
      name: 'job',
      data: { account: 'heavy', request: chatRequest },
      opts: { removeOnComplete: true },
    }));
    await queue.addBulk(jobs);
  }
  const redisBytes = (await memory()) - memoryBefore;
  const client = new OpenAI({ apiKey: 'none', baseURL: `${plan.simulatorUrl}/v1`, maxRetries: 0 });
  const startDelayMs = await new Promise<number>((done) => {
    const worker = new Worker(
      name,
      async (job) => {
        if (job.name === 'light') done(Date.now() - job.timestamp);
        await client.chat.completions.create(chatRequest);
      },
      { connection, concurrency: plan.atOnce },
    );
    worker.once('active', () => void queue.add('light', { account: 'light', request: chatRequest }));
  });
  await queue.obliterate({ force: true });
  return { startDelayMs, redisBytes };
}

writeResult(await run(readPlan<FifoPlan>()));
