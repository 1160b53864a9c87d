import { Pool } from 'undici';
import { readPlan, writeResult } from './plan.ts';

export type LoadPlan = {
  url: string;
  /** Who submits, in turn. */
  callers: { key: string; account: string }[];
  body: string;
  /** Sockets, each with one request at a time. */
  connections: number;
  /** Not counted. */
  warmMs: number;
  measureMs: number;
  /** When so many were sent it is over, whatever the time. */
  jobsMax: number | null;
};

export type LoadResult = {
  /** All 202s, those while warming up included. */
  accepted: number;
  refused: number;
  perSecond: number;
};

/** Posts submissions over kept-alive sockets as fast as they are answered. */
async function load(plan: LoadPlan): Promise<LoadResult> {
  const pool = new Pool(plan.url, { connections: plan.connections, pipelining: 1 });
  const countFrom = performance.now() + plan.warmMs;
  const until = countFrom + plan.measureMs;
  const left = { jobs: plan.jobsMax ?? Number.POSITIVE_INFINITY };
  const seen = { accepted: 0, refused: 0, counted: 0, lastAt: countFrom };
  let turn = 0;
  const hand = async () => {
    while (performance.now() < until && left.jobs > 0) {
      left.jobs -= 1;
      const caller = plan.callers[turn++ % plan.callers.length];
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: '/v1/jobs',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${caller?.key}`,
          'x-account': caller?.account ?? '',
        },
        body: plan.body,
      });
      await body.dump();
      const now = performance.now();
      if (statusCode === 202) seen.accepted += 1;
      else seen.refused += 1;
      if (statusCode === 202 && now >= countFrom && now < until) {
        seen.counted += 1;
        seen.lastAt = now;
      }
    }
  };
  await Promise.all(Array.from({ length: plan.connections }, hand));
  await pool.close();
  const { accepted, refused, counted, lastAt } = seen;
  return { accepted, refused, perSecond: (counted * 1000) / (lastAt - countFrom) };
}

writeResult(await load(readPlan<LoadPlan>()));
