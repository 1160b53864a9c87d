import { alternate } from '../alternate.ts';
import { fillBacklog, tidy } from '../fill-backlog.ts';
import { type Gateway, openGateway } from '../gateway.ts';
import { type Ground, redisMemoryBytes } from '../ground.ts';
import type { BenchSize } from '../options.ts';
import { runTool } from '../part.ts';
import type { FifoPlan, FifoResult } from '../processes/fifo-queue.ts';
import { type FigureResult, median } from '../row.ts';
import { untilFinal } from '../settled.ts';
import { submitJob } from '../submit-job.ts';

const atOnce = 50;

type Start = { otherMs: number; interactiveMs: number; redisBytes: number };

/**
 * How long a job waits for its start while an account keeps every worker busy with a batch: the only job of
 * another account, and an interactive one of the same. Beside one queue in which everybody waits for
 * everybody.
 */
export async function measureStartDelay(ground: Ground, size: BenchSize): Promise<FigureResult> {
  const gateway = await openGateway(ground, 'startdelay');
  const [lightKey = '', heavyKey = ''] = await gateway.openAccounts(['light', 'heavy']);
  const templateId = await submitJob(gateway, heavyKey, { priority: 'batch' });
  const { waiting, samples, rounds } = size.startDelay;
  const placed = { heavy: 1, light: 0 };
  const { fair, fifo } = await alternate(rounds, {
    fair: async () => {
      placed.heavy += waiting + samples;
      placed.light += samples;
      return await startBeside(gateway, { lightKey, heavyKey, templateId, waiting, samples });
    },
    fifo: () =>
      runTool<FifoResult>(ground.workshop, 'fifo-queue', {
        redisUrl: ground.redisUrl,
        simulatorUrl: ground.simulatorUrl,
        waiting,
        atOnce,
      } satisfies FifoPlan),
  });
  const broken = await gateway.check(placed);
  await gateway.close();
  const figure = `${waiting.toLocaleString('en-US')} of one account waiting`;
  const fifoDelays = fifo.map(({ startDelayMs }) => startDelayMs);
  return {
    rows: [
      {
        figure,
        name: "start of another account's only job",
        unit: 'ms',
        values: fair.map(({ otherMs }) => otherMs),
        baseline: { name: 'BullMQ, one FIFO queue', values: fifoDelays },
      },
      {
        figure,
        name: 'start of its own interactive job',
        unit: 'ms',
        values: fair.map(({ interactiveMs }) => interactiveMs),
        baseline: { name: 'BullMQ, one FIFO queue', values: fifoDelays },
      },
      {
        figure,
        name: 'memory Redis takes for them',
        unit: 'MB',
        values: fair.map(({ redisBytes }) => redisBytes / 1024 / 1024),
        baseline: {
          name: 'BullMQ, requests in the queue',
          values: fifo.map(({ redisBytes }) => redisBytes / 1024 / 1024),
        },
      },
    ],
    broken,
  };
}

async function startBeside(
  gateway: Gateway,
  round: { lightKey: string; heavyKey: string; templateId: string; waiting: number; samples: number },
): Promise<Start> {
  const { redis } = gateway.ground;
  await fillBacklog(gateway, 'heavy', round.waiting, round.templateId);
  await tidy(gateway);
  const before = await redisMemoryBytes(redis);
  const worker = await gateway.startWorker(atOnce);
  const others: number[] = [];
  const interactives: number[] = [];
  let redisBytes = 0;
  for (let sample = 0; sample < round.samples; sample++) {
    const otherMs = await startDelayOf(gateway, await submitJob(gateway, round.lightKey));
    const ofItsOwn = await submitJob(gateway, round.heavyKey, { priority: 'interactive' });
    const interactiveMs = await startDelayOf(gateway, ofItsOwn);
    redisBytes = Math.max(redisBytes, (await redisMemoryBytes(redis)) - before);
    // The first jobs also wait for the worker to be counted and to compile.
    if (sample === 0) continue;
    others.push(otherMs);
    interactives.push(interactiveMs);
  }
  await worker.stop();
  return { otherMs: median(others), interactiveMs: median(interactives), redisBytes };
}

async function startDelayOf(gateway: Gateway, id: string): Promise<number> {
  await untilFinal(gateway, id);
  const { rows } = await gateway.sql.query<{ ms: number }>(
    'select extract(epoch from started_at - created_at)::double precision * 1000 as ms from jobs where id = $1',
    [id],
  );
  return rows[0]?.ms ?? Number.NaN;
}
