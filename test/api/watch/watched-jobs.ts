import { randomBytes } from 'node:crypto';
import { createJobWatcher, type JobWatcher } from '../../../src/api/watch/job-watcher.ts';
import { createJobEvents, type JobEvents } from '../../../src/shared/events/job-events.ts';
import type { JobEvent } from '../../../src/shared/events/rules/event.ts';
import { newId } from '../../../src/shared/ids.ts';
import type { FinalState, JobError } from '../../../src/shared/jobs/rules/job.ts';
import { createLog } from '../../../src/shared/platform/log.ts';
import { asJson, type Database, openDatabase } from '../../../src/shared/platform/postgres/database.ts';
import { openRedis, type RedisConnection } from '../../../src/shared/platform/redis/redis.ts';
import { openSubscriber } from '../../../src/shared/platform/redis/subscriber.ts';
import { createTestDatabase } from '../../support/database.ts';
import { testRedis } from '../../support/redis.ts';
import { waitFor } from '../../support/wait-for.ts';

export type Seen = { id: number; type: string; data: Record<string, unknown> };

/** Jobs whose rows the test writes itself, with the events and the watcher of one process. */
export type WatchedJobs = {
  owner: Database;
  redis: RedisConnection;
  prefix: string;
  events: JobEvents;
  watcher: JobWatcher;
  accountId: string;
  /** A job that runs its first attempt. */
  plant(options?: { stream?: boolean }): Promise<string>;
  finish(jobId: string, ending?: { state?: FinalState; text?: string; eventSeq?: number }): Promise<void>;
  /** Watches as a stream does, or, without `live`, as one who sets the pace of every event. */
  watch(jobId: string, after?: number, live?: boolean): Watch;
  close(): Promise<void>;
};

type Watch = { seen: Seen[]; done: Promise<Seen[]>; stop(): void };

export async function openWatchedJobs(): Promise<WatchedJobs> {
  const database = await createTestDatabase();
  const owner = openDatabase({ url: database.ownerUrl, poolMax: 5, prepare: true, applicationName: 'test' });
  const log = createLog('silent', 'test');
  const { url, prefix } = testRedis();
  const settings = { url, clusterNodes: null, prefix };
  const redis = openRedis(settings, 'commands', () => undefined);
  const connection = openRedis(settings, 'blocking', () => undefined);
  const subscriber = openSubscriber({ redis, connection, prefix });
  await waitFor('redis', () => redis.status === 'ready');
  const events = createJobEvents({ redis, subscriber, prefix, log });
  const watcher = createJobWatcher({ sql: owner, events, log });
  const accountId = `acct_${randomBytes(4).toString('hex')}`;
  await owner`insert into accounts (id, name) values (${accountId}, 'test')`;
  return {
    owner,
    redis,
    prefix,
    events,
    watcher,
    accountId,
    plant: (options) => plantJob(owner, accountId, options?.stream ?? true),
    finish: (jobId, ending = {}) => endJob(owner, jobId, ending),
    watch: (jobId, after = 0, live = true) => watch(watcher, { jobId, after, live }),
    close: async () => {
      watcher.stop();
      redis.disconnect();
      subscriber.close();
      await owner.end();
      await database.drop();
    },
  };
}

/** A job that runs its first attempt. */
export async function plantJob(owner: Database, accountId: string, stream: boolean): Promise<string> {
  const [id, holdId] = [newId('job'), newId('hold')];
  await owner`insert into holds (id, account_id, amount_nano, remaining_nano) values (${holdId}, ${accountId}, 1000, 1000)`;
  await owner`insert into jobs (id, account_id, state, lane, model, provider, target_model, attempts,
    tries, max_attempts, hold_id,
      hold_nano, input_tokens_bound, tokens_bound, stream, deadline_at, lease_until, started_at)
    values (${id}, ${accountId}, 'running', 1, 'openai/gpt-5-mini', 'openai', 'openai/gpt-5-mini', 1, 1, 5,
      ${holdId}, 1000, 10, 20, ${stream},
      now() + interval '1 day', now() + interval '1 day', now())`;
  await owner`insert into attempts (job_id, number, provider, model, worker_id)
    values (${id}, 1, 'openai', 'openai/gpt-5-mini', 'wrk_1')`;
  return id;
}

/** Ends a planted job as its worker would. */
export async function endJob(
  owner: Database,
  jobId: string,
  {
    state = 'succeeded',
    text = 'done',
    eventSeq = 2,
  }: { state?: FinalState; text?: string; eventSeq?: number } = {},
): Promise<void> {
  const error: JobError | null =
    state === 'succeeded' ? null : { type: 'provider_failed', message: 'no', provider_status: 500 };
  await owner.begin(async (tx) => {
    await tx`update jobs set state = ${state}, finished_at = now(), lease_until = null,
      event_seq = ${eventSeq},
      error = ${error === null ? null : asJson(error)} where id = ${jobId}`;
    if (state !== 'succeeded') return;
    const result = { choices: [{ index: 0, message: { role: 'assistant', content: text } }] };
    await tx`insert into job_results (job_id, result) values (${jobId}, ${JSON.stringify(result)})`;
    await tx`insert into charges (job_id, account_id, hold_nano, amount_nano, prompt_tokens,
      completion_tokens,
        cached_tokens, cache_write_tokens, reasoning_tokens)
      select id, account_id, hold_nano, 42, 7, 3, 0, 0, 0 from jobs where id = ${jobId}`;
  });
}

function watch(
  watcher: JobWatcher,
  { jobId, after, live }: { jobId: string; after: number; live: boolean },
): Watch {
  const controller = new AbortController();
  const seen: Seen[] = [];
  const takeLive = (events: JobEvent[]) => {
    seen.push(...events.map(({ id, type, data }) => ({ id, type, data: JSON.parse(data) })));
  };
  const take = async (events: JobEvent[]) => takeLive(events);
  const { signal } = controller;
  const done = watcher.watch({ jobId, after, signal }, live ? { take, takeLive } : { take });
  return { seen, done: done.then(() => seen), stop: () => controller.abort() };
}

/** The text a client has after these events, by the rules of the contract. */
export function textOf(seen: Seen[], choice = 0): string {
  let text = '';
  for (const { type, data } of seen) {
    if (type === 'output.reset') text = '';
    if (type === 'output.snapshot') text = String(data['text']);
    if (type !== 'output.delta' || data['choice'] !== choice) continue;
    if (data['offset'] !== text.length)
      throw new Error(`offset ${data['offset']} after ${text.length} units`);
    text += String(data['text']);
  }
  return text;
}
