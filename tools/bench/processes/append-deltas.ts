import { setTimeout as sleep } from 'node:timers/promises';
import { createEventLog } from '../../../src/shared/events/event-log.ts';
import { openRedis } from '../../../src/shared/platform/redis/redis.ts';
import { bareChannel } from '../bare-channel.ts';
import { wallClockMs } from '../wall-clock.ts';
import { readPlan, writeResult } from './plan.ts';

export type AppendPlan = {
  redisUrl: string;
  /** The gateway's keys; null publishes to the bare server instead. */
  prefix: string | null;
  jobIds: string[];
  perSecond: number;
  /** For each job. */
  deltas: number;
};

export type AppendResult = { appended: number };

type Append = (jobId: string, delta: number, fields: string) => Promise<unknown>;

const tickMs = 5;
/** `job.queued` is 1. */
const firstId = 2;

/**
 * Writes deltas to all jobs in turn, evenly over time; each says when it was written. A late tick makes up
 * for its time.
 */
async function run(plan: AppendPlan): Promise<AppendResult> {
  const { redisUrl, prefix, jobIds, perSecond, deltas } = plan;
  const settings = { url: redisUrl, clusterNodes: null, prefix: prefix ?? '' };
  const redis = openRedis(settings, 'blocking', () => undefined);
  const log = createEventLog({ redis, prefix: settings.prefix });
  const append: Append =
    prefix === null
      ? (jobId, _, fields) => redis.publish(bareChannel(jobId), fields)
      : (jobId, delta, fields) =>
          log.append(jobId, {
            attempt: 1,
            firstId: firstId + delta,
            events: [{ type: 'output.delta', fields }],
          });
  const total = jobIds.length * deltas;
  let begun = 0;
  let written = 0;
  let finish: () => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const finished = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const onWritten = () => {
    written += 1;
    if (written === total) finish();
  };
  // The script is there before two deltas of one job can be under way at once: the one that had to bring it
  // would be overtaken.
  await log.open('job_nobody_watches', 1, 'bench');
  await log.append('job_nobody_watches', { attempt: 1, firstId, events: [] });
  const startedAt = performance.now();
  // Counted, not kept: this process should pause for its garbage as little as it can, since its pauses count
  // as the server's delay.
  while (begun < total) {
    const elapsedSeconds = (performance.now() - startedAt) / 1000;
    const due = Math.min(total, Math.ceil(elapsedSeconds * perSecond * jobIds.length));
    for (; begun < due; begun += 1) {
      const delta = Math.floor(begun / jobIds.length);
      const jobId = jobIds[begun % jobIds.length] ?? '';
      const text = `${wallClockMs()} lorem ipsum dolor sit amet`;
      append(jobId, delta, JSON.stringify({ attempt: 1, choice: 0, offset: delta, text })).then(
        onWritten,
        fail,
      );
    }
    await sleep(tickMs);
  }
  await finished;
  return { appended: total };
}

writeResult(await run(readPlan<AppendPlan>()));
