import { alternate } from '../alternate.ts';
import { fillBacklog, tidy } from '../fill-backlog.ts';
import { type Gateway, openGateway } from '../gateway.ts';
import { type Ground, redisMemoryBytes } from '../ground.ts';
import type { BenchSize } from '../options.ts';
import { runTool } from '../part.ts';
import { placeOrder } from '../place-order.ts';
import type { FifoPlan, FifoResult } from '../processes/fifo-queue.ts';
import { type FigureResult, median } from '../row.ts';
import { untilSettled } from '../settled.ts';

const atOnce = 50;

type Start = { delayMs: number; redisBytes: number };

/** How long the only job of an account waits for its start while another account keeps every worker busy. */
export async function measureStartDelay(ground: Ground, size: BenchSize): Promise<FigureResult> {
  const gateway = await openGateway(ground, 'startdelay');
  const [lightKey = ''] = await gateway.openAccounts(['light', 'heavy']);
  const templateId = await placeOrder(gateway, lightKey);
  const { waiting, samples, rounds } = size.startDelay;
  const placed = { heavy: 0, light: 1 };
  const { fair, fifo } = await alternate(rounds, {
    fair: async () => {
      placed.heavy += waiting;
      placed.light += samples;
      return await startBeside(gateway, { lightKey, templateId, waiting, samples });
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
  const figure = `${waiting.toLocaleString('en-US')} of another account waiting`;
  return {
    rows: [
      {
        figure,
        name: "start of an account's only job",
        unit: 'ms',
        values: fair.map(({ delayMs }) => delayMs),
        baseline: { name: 'BullMQ, one FIFO queue', values: fifo.map(({ startDelayMs }) => startDelayMs) },
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
  round: { lightKey: string; templateId: string; waiting: number; samples: number },
): Promise<Start> {
  const { redis } = gateway.ground;
  await fillBacklog(gateway, 'heavy', round.waiting, round.templateId);
  await tidy(gateway);
  const before = await redisMemoryBytes(redis);
  const worker = await gateway.startWorker(atOnce);
  const delays: number[] = [];
  let redisBytes = 0;
  for (let sample = 0; sample < round.samples; sample++) {
    const id = await placeOrder(gateway, round.lightKey);
    await untilSettled(gateway, 'light');
    redisBytes = Math.max(redisBytes, (await redisMemoryBytes(redis)) - before);
    // The first job also waits for the worker to be counted and to compile.
    if (sample > 0) delays.push(await startDelayOf(gateway, id));
  }
  await worker.stop();
  return { delayMs: median(delays), redisBytes };
}

async function startDelayOf({ sql }: Gateway, id: string): Promise<number> {
  const { rows } = await sql.query<{ ms: number }>(
    'select extract(epoch from started_at - created_at)::double precision * 1000 as ms from jobs where id = $1',
    [id],
  );
  return rows[0]?.ms ?? Number.NaN;
}
