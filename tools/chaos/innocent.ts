import type { Database } from '../../src/shared/platform/postgres/database.ts';
import type { ChaosClient } from './client.ts';
import type { ClientRecord, SubmissionHistory } from './client-record.ts';
import { sleep } from './faults/fault.ts';
import type { Outages } from './outages.ts';

/**
 * How long the jobs of an innocent tenant take from their first request to their start, with nobody else
 * about.
 */
export type LoneTime = { jobs: number; medianMs: number; p95Ms: number };

/**
 * One job of an innocent tenant: when it was first asked for and when its job was first given to a worker,
 * in ms of the epoch.
 */
export type InnocentJob = { scene: string; jobId: string; askedMs: number; startedMs: number };

/**
 * What the invariant about innocent tenants looks at. Submissions whose fate is unknown, or whose job never
 * started, are not among them.
 */
export type InnocentFacts = {
  submissions: InnocentJob[];
  lone: LoneTime;
  outages: Pick<Outages, 'countedMs'>;
};

/** A tenant that does nothing but submit small jobs, steadily, whatever others do. */
export type Innocent = {
  /**
   * Submits while the work lasts; resolves with its result when every submission is known or was given up.
   */
  during<Result>(scene: string, work: () => Promise<Result>): Promise<Result>;
  lone: LoneTime;
  /** Asks again for every unknown submission; for when the faults are healed. */
  retryUntilKnown(): Promise<void>;
  /** Of what was submitted since the last time. */
  takeFacts(): Promise<InnocentFacts>;
  record(): ClientRecord;
};

export type InnocentOptions = { client: ChaosClient; outages: Outages; sql: Database };

type Submitted = { scene: string; submission: SubmissionHistory };

const everyMs = 400;
const warmUpJobs = 5;
const loneJobs = 25;
const loneEveryMs = 120;
const loneMaxWaitMs = 10_000;

/**
 * A model that nobody else uses: what a provider says of the models of others is not unfair. The provider
 * is shared.
 */
const model = 'openai/gpt-4.1-mini';

/** Measures its lone time, which takes some seconds in which nothing else should be going on. */
export async function startInnocent(options: InnocentOptions): Promise<Innocent> {
  const { client, outages, sql } = options;
  const submitted: Submitted[] = [];
  const submitOne = async (scene: string) => {
    submitted.push({ scene, submission: await client.submit({ text: 'please', model, maxTokens: 16 }) });
  };

  async function submitUntil(isOver: () => boolean, scene: string): Promise<void> {
    const underWay: Promise<void>[] = [];
    while (!isOver()) {
      underWay.push(submitOne(scene));
      await sleep(everyMs);
    }
    await Promise.all(underWay);
  }

  // The first ones open connections and compile; they are no measure of anything.
  for (let index = 0; index < warmUpJobs; index += 1) await submitOne('warming up');
  submitted.length = 0;
  for (let index = 0; index < loneJobs; index += 1) {
    await submitOne('alone');
    await sleep(loneEveryMs);
  }
  const lone = summarize(await whenStarted(sql, submitted.splice(0)));

  return {
    lone,
    async during(scene, work) {
      let isOver = false;
      const submitting = submitUntil(() => isOver, scene);
      try {
        return await work();
      } finally {
        isOver = true;
        await submitting;
      }
    },
    takeFacts: async () => ({ submissions: await readStarts(sql, submitted.splice(0)), lone, outages }),
    retryUntilKnown: client.retryUntilKnown,
    record: client.record,
  };
}

async function whenStarted(sql: Database, submitted: Submitted[]): Promise<InnocentJob[]> {
  const until = Date.now() + loneMaxWaitMs;
  for (;;) {
    const started = await readStarts(sql, submitted);
    if (started.length === submitted.length) return started;
    if (Date.now() > until) throw new Error('the jobs of a lone tenant do not start');
    await sleep(50);
  }
}

async function readStarts(sql: Database, submitted: Submitted[]): Promise<InnocentJob[]> {
  const ids = submitted.flatMap(({ submission }) => submission.jobId ?? []);
  const rows = await sql<{ id: string; startedAt: Date }[]>`
    select id, started_at as "startedAt" from jobs
      where id = any (${ids}::text[]) and started_at is not null`;
  const startedAt = new Map(rows.map((row) => [row.id, row.startedAt.getTime()]));
  return submitted.flatMap(({ scene, submission: { jobId, tries } }) => {
    const startedMs = startedAt.get(jobId ?? '');
    const askedMs = tries[0]?.atMs;
    if (jobId === null || startedMs === undefined || askedMs === undefined) return [];
    return [{ scene, jobId, askedMs, startedMs }];
  });
}

function summarize(submissions: InnocentJob[]): LoneTime {
  const sorted = submissions
    .map(({ askedMs, startedMs }) => Math.max(0, startedMs - askedMs))
    .sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { jobs: sorted.length, medianMs: at(0.5), p95Ms: at(0.95) };
}
