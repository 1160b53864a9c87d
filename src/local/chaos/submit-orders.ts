import { sleep } from './faults/fault.ts';
import { makeOrder } from './orders.ts';
import type { Stage } from './scene.ts';

export type LoadOptions = { perSecond: number; forMs: number; providerFaultShare: number; label: string };

/**
 * Submits orders at a steady rate, whatever becomes of them; resolves when each has an answer or was given up for now.
 * Some are cancelled a moment later, some watched.
 */
export async function submitOrders(stage: Stage, options: LoadOptions): Promise<void> {
  const { client, watchers, receiver, tally } = stage;
  const random = stage.random.fork(options.label);
  const underWay: Promise<void>[] = [];
  const start = Date.now();
  const total = Math.round((options.perSecond * options.forMs) / 1000);
  for (let index = 0; index < total; index += 1) {
    const order = makeOrder({
      random,
      canary: `${options.label} ${index} ${random.int(2 ** 31)}`,
      webhookUrl: receiver.url,
      providerFaultShare: options.providerFaultShare,
    });
    underWay.push(place(order));
    await sleep(start + ((index + 1) * 1000) / options.perSecond - Date.now());
  }
  await Promise.all(underWay);

  async function place(order: ReturnType<typeof makeOrder>): Promise<void> {
    const jobId = await client.submit(order.body);
    if (jobId === null) return;
    if (order.providerFault !== null) tally.add(`provider: ${order.providerFault}`, false);
    if (order.isWatched) watchers.watch(jobId);
    if (!order.isCancelled) return;
    await sleep(random.int(400));
    if (await client.cancel(jobId)) tally.add('user: cancels a job', false);
  }
}
