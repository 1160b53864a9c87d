import { sleep } from './faults/fault.ts';
import type { Ground } from './ground.ts';
import { makeSubmission, type PlannedSubmission } from './submissions.ts';

export type LoadOptions = { perSecond: number; forMs: number; providerFaultShare: number; label: string };

/**
 * Submits jobs at a steady rate, whatever becomes of them; resolves when each has an answer or was given up
 * for now. Some are cancelled a moment later, some watched.
 */
export async function submitJobs(
  stage: Pick<Ground, 'client' | 'watchers' | 'tally' | 'random'>,
  options: LoadOptions,
): Promise<void> {
  const { client, watchers, tally } = stage;
  const random = stage.random.fork(options.label);
  const underWay: Promise<void>[] = [];
  const start = Date.now();
  const total = Math.round((options.perSecond * options.forMs) / 1000);
  for (let index = 0; index < total; index += 1) {
    underWay.push(submitOne(makeSubmission(random, options.providerFaultShare)));
    await sleep(start + ((index + 1) * 1000) / options.perSecond - Date.now());
  }
  await Promise.all(underWay);

  async function submitOne({
    submission,
    providerFault,
    isCancelled,
    isWatched,
  }: PlannedSubmission): Promise<void> {
    const { jobId } = await client.submit(submission);
    if (jobId === null) return;
    if (providerFault !== null) tally.add(`provider: ${providerFault}`, false);
    if (isWatched) watchers.watch(jobId);
    if (!isCancelled) return;
    await sleep(random.int(400));
    await client.cancel(jobId);
    tally.add('user: cancels a job', false);
  }
}
