import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { openWatchedJobs, type Seen, type WatchedJobs } from './watched-jobs.ts';

let jobs: WatchedJobs;
beforeAll(async () => {
  jobs = await openWatchedJobs();
});
afterAll(() => jobs.close());

const plant = () => jobs.plant({ stream: false });
const brief = (seen: Seen[]) => seen.map(({ id, type, data }) => [id, type, data['attempt'] ?? null]);

function openWriter(jobId: string, attempt = 1, model = 'openai/gpt-5-mini') {
  return jobs.events.openWriter({
    jobId,
    attempt,
    provider: 'openai',
    model,
    stream: false,
    lastSeq: 1,
    createdAtMs: Date.now(),
  });
}

/** The next call of a planted job, as a claim writes it. */
async function claimAgain(jobId: string): Promise<void> {
  await jobs.owner.begin(async (tx) => {
    await tx`update jobs set attempts = attempts + 1, tries = tries + 1 where id = ${jobId}`;
    await tx`update attempts set outcome = 'failed', ended_at = now() where job_id = ${jobId}`;
    await tx`insert into attempts (job_id, number, provider, model, worker_id)
      select id, attempts, 'anthropic', 'anthropic/claude-haiku-4-5', 'wrk_2' from jobs where id = ${jobId}`;
  });
}

const twoCalls = [
  [1, 'job.queued', null],
  [2, 'job.started', 1],
  [3, 'job.started', 2],
  [4, 'job.succeeded', null],
];

describe('watching a job that does not stream', () => {
  it('shows who is there each call as it begins and the end, and Redis keeps nothing of it', async () => {
    const jobId = await plant();
    const viewer = jobs.watch(jobId);
    await waitFor('the first call', () => viewer.seen.length === 2);
    const writer = openWriter(jobId, 2, 'anthropic/claude-haiku-4-5');
    writer.started();
    // The row does not have this call yet: nothing but the signal can have shown it.
    await waitFor('the second call', () => viewer.seen.length === 3);
    expect(viewer.seen[2]?.data).toEqual({
      seq: 3,
      job_id: jobId,
      attempt: 2,
      provider: 'openai',
      model: 'anthropic/claude-haiku-4-5',
    });
    writer.delta({ kind: 'text', choice: 0, text: 'never written' });
    expect(await writer.close()).toBe(3);
    await claimAgain(jobId);
    await jobs.finish(jobId, { eventSeq: 4 });
    jobs.events.announce(jobId);
    expect(brief(await viewer.done)).toEqual(twoCalls);
    expect(await jobs.redis.keys(`*${jobId}*`)).toEqual([]);
  });

  it('counts on over calls whose worker was lost before it showed that they began', async () => {
    const jobId = await plant();
    const early = jobs.watch(jobId);
    await waitFor('the first call', () => early.seen.length === 2);
    await claimAgain(jobId);
    const writer = openWriter(jobId, 2, 'anthropic/claude-haiku-4-5');
    writer.started();
    await waitFor('the second call', () => early.seen.length === 3);
    // The first worker was only paused.
    openWriter(jobId, 1).started();
    const last = await writer.close();
    await jobs.finish(jobId, { eventSeq: last + 1 });
    jobs.events.announce(jobId);
    expect(brief(await early.done)).toEqual(twoCalls);
    expect((await early.done)[2]?.data).toMatchObject({ model: 'anthropic/claude-haiku-4-5' });
  });

  it('resumes after each id with exactly the rest, while it runs and after its end', async () => {
    const jobId = await plant();
    await claimAgain(jobId);
    const running = [0, 1, 2, 3].map((after) => jobs.watch(jobId, after));
    for (const [after, viewer] of running.entries()) {
      await waitFor('the rest', () => viewer.seen.length === 3 - after);
    }
    await jobs.finish(jobId, { eventSeq: 4 });
    jobs.events.announce(jobId);
    for (const [after, viewer] of running.entries()) {
      expect(brief(await viewer.done)).toEqual(twoCalls.slice(after));
      expect(brief(await jobs.watch(jobId, after).done)).toEqual(twoCalls.slice(after));
    }
    const job = await jobs.watcher.find(jobId);
    if (job === null) throw new Error('no job');
    expect(await jobs.watcher.isOver(job, 4)).toBe(true);
    expect(await jobs.watcher.isOver(job, 3)).toBe(false);
  });

  it('shows calls and the end to who had no signal of them', async () => {
    const jobId = await plant();
    const viewer = jobs.watch(jobId);
    await waitFor('the first call', () => viewer.seen.length === 2);
    await claimAgain(jobId);
    await waitFor('the second call', () => viewer.seen.length === 3, 5000);
    await jobs.finish(jobId, { eventSeq: 4 });
    expect(brief(await viewer.done)).toEqual(twoCalls);
  });
});
