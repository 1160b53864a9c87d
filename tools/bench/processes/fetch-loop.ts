import { inParallel } from '../../chaos/in-parallel.ts';
import { readPlan, writeResult } from './plan.ts';

export type FetchPlan = { urls: string[]; body: string; posts: number; atOnce: number };

export type FetchResult = { perSecond: number; cpuMsPerPost: number };

const warmPosts = 200;

/** What anybody would write who keeps no record: `fetch`, so many at once, to the receivers in turn. */
async function loop(plan: FetchPlan): Promise<FetchResult> {
  await postAll(plan, warmPosts, 'warm');
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await postAll(plan, plan.posts, 'loop');
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  return { perSecond: plan.posts / seconds, cpuMsPerPost: (cpu.user + cpu.system) / 1000 / plan.posts };
}

async function postAll({ urls, body, atOnce }: FetchPlan, posts: number, name: string): Promise<void> {
  const numbers = Array.from({ length: posts }, (_, n) => n);
  await inParallel(atOnce, numbers, async (n) => {
    const headers = { 'content-type': 'application/json', 'webhook-id': `${name}-${process.pid}-${n}` };
    const answer = await fetch(urls[n % urls.length] ?? '', { method: 'POST', headers, body });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`a post was answered ${answer.status}`);
  });
}

writeResult(await loop(readPlan<FetchPlan>()));
