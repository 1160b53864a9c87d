import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createJobWatcher } from '../../../src/api/watch/job-watcher.ts';
import { createEventLog } from '../../../src/shared/events/event-log.ts';
import type { JobEventWriter } from '../../../src/shared/events/event-writer.ts';
import type { JobEvent } from '../../../src/shared/events/rules/event.ts';
import { createLog } from '../../../src/shared/platform/log.ts';
import { redisKey } from '../../../src/shared/platform/redis/redis.ts';
import { waitFor } from '../../support/wait-for.ts';
import { openWatchedJobs, type Seen, textOf, type WatchedJobs } from './watched-jobs.ts';

let jobs: WatchedJobs;
beforeAll(async () => {
  jobs = await openWatchedJobs();
});
afterAll(() => jobs.close());

const words = Array.from({ length: 40 }, (_, index) => `word${index} 😀 `);
const text = words.join('');

function openWriter(
  jobId: string,
  attempt = 1,
  lastSeq = 1,
  model = 'openai/gpt-5-mini',
  createdAtMs = Date.now(),
): JobEventWriter {
  return jobs.events.openWriter({
    jobId,
    attempt,
    provider: 'openai',
    model,
    stream: true,
    lastSeq,
    createdAtMs,
  });
}

/** A job that ended after its text was watched, so in many events; the id of its final event. */
async function runToTheEnd(jobId: string): Promise<number> {
  const subscription = jobs.events.feed.listen(jobId, () => undefined);
  await subscription.ready;
  const writer = openWriter(jobId);
  writer.started();
  for (const word of words) {
    writer.delta({ kind: 'text', choice: 0, text: word });
    await new Promise((next) => setTimeout(next, 5));
  }
  const last = await writer.close();
  await jobs.finish(jobId, { text, eventSeq: last + 1 });
  jobs.events.announce(jobId);
  subscription.end();
  return last + 1;
}

const ids = (seen: Seen[]) => seen.map(({ id }) => id);
const types = (seen: Seen[]) => seen.map(({ type }) => type);
const oneByOne = (last: number, from = 1) =>
  Array.from({ length: last - from + 1 }, (_, index) => from + index);

describe('watching a job', () => {
  it.each([
    { reader: 'takes live events as they come', live: true },
    { reader: 'sets the pace of all', live: false },
  ])(
    'gives a viewer who was there from the start and $reader every event once, in order, and ends',
    async ({ live }) => {
      const jobId = await jobs.plant();
      const viewer = jobs.watch(jobId, 0, live);
      const finalId = await runToTheEnd(jobId);
      const seen = await viewer.done;
      expect(ids(seen)).toEqual(oneByOne(finalId));
      expect(types(seen)[0]).toBe('job.queued');
      expect(types(seen)[1]).toBe('job.started');
      expect(types(seen).at(-1)).toBe('job.succeeded');
      expect(textOf(seen)).toBe(text);
      expect(seen.every(({ id, data }) => data['seq'] === id && data['job_id'] === jobId)).toBe(true);
      expect(seen.at(-1)?.data).toMatchObject({
        charge_usd: '0.000000042',
        usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
        error: null,
      });
    },
  );

  it('gives a late viewer the same, and resumes after each id with exactly the rest', async () => {
    const jobId = await jobs.plant();
    const finalId = await runToTheEnd(jobId);
    const all = await jobs.watch(jobId).done;
    expect(ids(all)).toEqual(oneByOne(finalId));
    for (let after = 1; after < finalId; after++) {
      expect(await jobs.watch(jobId, after).done).toEqual(all.slice(after));
    }
    const job = await jobs.watcher.find(jobId);
    if (job === null) throw new Error('no job');
    expect(await jobs.watcher.isOver(job, finalId)).toBe(true);
    expect(await jobs.watcher.isOver(job, finalId + 5)).toBe(true);
    expect(await jobs.watcher.isOver(job, finalId - 1)).toBe(false);
  });

  it('tells many viewers who join at any time the same text', async () => {
    const jobId = await jobs.plant();
    const viewers = [jobs.watch(jobId)];
    const joining = setInterval(() => viewers.push(jobs.watch(jobId, 0, viewers.length % 2 === 0)), 7);
    const finalId = await runToTheEnd(jobId);
    clearInterval(joining);
    for (const viewer of viewers) {
      const seen = await viewer.done;
      expect(ids(seen)).toEqual(oneByOne(finalId));
      expect(textOf(seen)).toBe(text);
    }
    expect(viewers.length).toBeGreaterThan(5);
  });

  it('gives nothing of what comes to a reader who is still at what it was given', async () => {
    const jobId = await jobs.plant();
    const given: string[] = [];
    let release: () => void = () => undefined;
    const busy = new Promise<void>((resolve) => {
      release = resolve;
    });
    const take = async (events: JobEvent[]) => {
      given.push(...events.map(({ id }) => `taken ${id}`));
      await busy;
    };
    const takeLive = (events: JobEvent[]) => {
      given.push(...events.map(({ id }) => `live ${id}`));
    };
    const watched = jobs.watcher.watch(
      { jobId, after: 0, signal: new AbortController().signal },
      {
        take,
        takeLive,
      },
    );
    await waitFor('the first event', () => given.length === 1);
    const writer = openWriter(jobId);
    writer.started();
    writer.delta({ kind: 'text', choice: 0, text: 'early' });
    await waitFor('its events', async () => (await jobs.events.log.lastId(jobId)) === 3);
    expect(given).toEqual(['taken 1']);
    release();
    await waitFor('the rest', () => given.length === 3);
    writer.delta({ kind: 'text', choice: 0, text: 'late' });
    const last = await writer.close();
    await jobs.finish(jobId, { text: 'early late', eventSeq: last + 1 });
    jobs.events.announce(jobId);
    await watched;
    expect(given).toEqual(['taken 1', 'taken 2', 'taken 3', 'live 4', 'taken 5']);
  });

  it('ends with what its reader throws at a live event, and nobody else notices', async () => {
    const jobId = await jobs.plant();
    const beside = jobs.watch(jobId);
    const takeLive = () => {
      throw new Error('no room');
    };
    const { signal } = new AbortController();
    const watched = jobs.watcher
      .watch({ jobId, after: 0, signal }, { take: async () => undefined, takeLive })
      .catch((error: Error) => error.message);
    let ended: string | undefined;
    void watched.then((how) => {
      ended = how ?? 'without a word';
    });
    const writer = openWriter(jobId);
    await waitFor('a live event to be thrown back', () => {
      writer.delta({ kind: 'text', choice: 0, text: 'a' });
      return ended;
    });
    expect(ended).toBe('no room');
    const last = await writer.close();
    await waitFor('the other to be told', () => beside.seen.length === last);
    beside.stop();
    await beside.done;
  });

  it('ends with what its reader throws', async () => {
    const jobId = await jobs.plant();
    const take = async () => {
      throw new Error('no room');
    };
    const { signal } = new AbortController();
    await expect(jobs.watcher.watch({ jobId, after: 0, signal }, { take })).rejects.toThrow('no room');
  });

  it('sends the first delta at once and joins the later ones', async () => {
    const jobId = await jobs.plant();
    const viewer = jobs.watch(jobId);
    const writer = openWriter(jobId);
    writer.started();
    await waitFor('the start', () => viewer.seen.some(({ type }) => type === 'job.started'));
    writer.delta({ kind: 'text', choice: 0, text: 'a' });
    await waitFor('the first delta', () => viewer.seen.some(({ type }) => type === 'output.delta'));
    for (const letter of 'bcdefgh') writer.delta({ kind: 'text', choice: 0, text: letter });
    await writer.close();
    await waitFor('the text', () => textOf(viewer.seen) === 'abcdefgh');
    expect(viewer.seen.filter(({ type }) => type === 'output.delta')).toHaveLength(2);
    viewer.stop();
    await viewer.done;
  });

  it('lets the writer of a call that runs know of each viewer', async () => {
    const attended: string[] = [];
    const attend = (jobId: string) => void attended.push(jobId);
    const events = { ...jobs.events, log: { ...jobs.events.log, attend } };
    const watcher = createJobWatcher({ sql: jobs.owner, events, log: createLog('silent', 'test') });
    const [running, ended, silent] = [
      await jobs.plant(),
      await jobs.plant(),
      await jobs.plant({ stream: false }),
    ];
    await jobs.finish(ended, { eventSeq: 2 });
    const gone = new AbortController();
    const seen: string[] = [];
    const take = async (some: JobEvent[]) => void seen.push(...some.map(({ data }) => data));
    const watching = [ended, silent, running].map((jobId) =>
      watcher.watch({ jobId, after: 0, signal: gone.signal }, { take }),
    );
    await waitFor('the writer to know', () => attended.length > 0);
    await waitFor('the start of the other', () => seen.some((data) => data.includes('openai/gpt-5-mini')));
    gone.abort();
    await Promise.all(watching);
    expect(attended).toEqual([running]);
    watcher.stop();
  });

  it('tells tool calls, and each choice its own offsets', async () => {
    const jobId = await jobs.plant();
    const writer = openWriter(jobId);
    writer.delta({ kind: 'tool_call', choice: 0, index: 0, id: 'call_1', name: 'find', arguments: '{"a"' });
    writer.delta({ kind: 'tool_call', choice: 0, index: 0, arguments: ':1' });
    writer.delta({ kind: 'tool_call', choice: 0, index: 0, arguments: '}' });
    writer.delta({ kind: 'text', choice: 1, text: 'one' });
    writer.delta({ kind: 'text', choice: 0, text: 'nil' });
    const last = await writer.close();
    await jobs.finish(jobId, { text: 'nil', eventSeq: last + 1 });
    const seen = await jobs.watch(jobId).done;
    const calls = seen.filter(({ type }) => type === 'output.tool_call').map(({ data }) => data);
    expect(calls[0]).toMatchObject({ attempt: 1, choice: 0, index: 0, id: 'call_1', name: 'find' });
    expect(calls.map((call) => call['arguments']).join('')).toBe('{"a":1}');
    expect(textOf(seen, 0)).toBe('nil');
    expect(textOf(seen, 1)).toBe('one');
  });

  it('says when the text starts anew, and counts on', async () => {
    const jobId = await jobs.plant();
    const viewer = jobs.watch(jobId);
    const first = openWriter(jobId);
    first.started();
    first.delta({ kind: 'text', choice: 0, text: 'wrong so far' });
    const lastOfFirst = await first.close();
    // The worker was lost: Postgres knows of no event but the first.
    const second = openWriter(jobId, 2, 1, 'anthropic/claude-haiku-4-5');
    second.started();
    second.delta({ kind: 'text', choice: 0, text: 'right' });
    const last = await second.close();
    await jobs.finish(jobId, { text: 'right', eventSeq: last + 1 });
    jobs.events.announce(jobId);
    const seen = await viewer.done;
    expect(ids(seen)).toEqual(oneByOne(last + 1));
    expect(types(seen).slice(lastOfFirst)).toEqual([
      'output.reset',
      'job.started',
      'output.delta',
      'job.succeeded',
    ]);
    expect(seen[lastOfFirst]?.data).toMatchObject({ attempt: 2, reason: 'fallback' });
    expect(textOf(seen)).toBe('right');
  });

  it('lets no writer in whose attempt was overtaken', async () => {
    const jobId = await jobs.plant();
    const zombie = openWriter(jobId);
    zombie.started();
    zombie.delta({ kind: 'text', choice: 0, text: 'old' });
    await waitFor('its event', async () => (await jobs.events.log.lastId(jobId)) === 3);
    const writer = openWriter(jobId, 2, 1);
    writer.started();
    await waitFor('the start', async () => (await jobs.events.log.lastId(jobId)) === 5);
    zombie.delta({ kind: 'text', choice: 0, text: 'late' });
    await zombie.close();
    writer.delta({ kind: 'text', choice: 0, text: 'new' });
    const last = await writer.close();
    expect(last).toBe(6);
    await jobs.finish(jobId, { text: 'new', eventSeq: last + 1 });
    expect(textOf(await jobs.watch(jobId).done)).toBe('new');
    expect(await jobs.events.closeLog(jobId, 2)).toEqual({ last: 6, hasText: true });
    const closedOut = openWriter(jobId, 2, 6);
    closedOut.started();
    await closedOut.close();
    expect(await jobs.events.log.lastId(jobId)).toBe(6);
  });
});

describe('when something was lost', () => {
  it('an event whose signal got lost is read from the log when the next one comes', async () => {
    const jobId = await jobs.plant();
    const viewer = jobs.watch(jobId);
    const writer = openWriter(jobId);
    writer.started();
    await waitFor('the start', () => viewer.seen.length === 2);
    const log = createEventLog({ redis: jobs.redis, prefix: jobs.prefix });
    const fieldsOf = (text: string, offset: number) =>
      JSON.stringify({ attempt: 1, choice: 0, offset, text });
    const key = redisKey(jobs.prefix, 'events', jobId);
    await jobs.redis.xadd(key, '3-0', 't', 'output.delta', 'f', fieldsOf('lost ', 0));
    // The job is never silent and does not end: nothing but the hole before them makes the watcher look.
    let [firstId, offset] = [4, 5];
    await waitFor('all of them', async () => {
      const fields = fieldsOf('next ', offset);
      await log.append(jobId, { attempt: 1, firstId, events: [{ type: 'output.delta', fields }] });
      firstId += 1;
      offset += 5;
      return viewer.seen.length > 3;
    });
    expect(ids(viewer.seen).slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect(textOf(viewer.seen)).toMatch(/^lost next /);
    viewer.stop();
    await viewer.done;
  });

  it('a log that is closed tells whether there was output, as far as it knows', async () => {
    const jobId = await jobs.plant();
    const close = async () => (await jobs.events.closeLog(jobId, 1))?.hasText;
    expect(await close()).toBe(null);
    const writer = openWriter(jobId, 2, 1);
    writer.started();
    await writer.close();
    expect(await close()).toBe(false);
    const writerKey = redisKey(jobs.prefix, 'writer', jobId);
    await jobs.redis.hset(writerKey, 'run', 'of the Redis before');
    expect(await close()).toBe(null);
    await jobs.redis.hset(writerKey, 'text', '1');
    expect(await close()).toBe(true);
  });

  it('ids that somebody may have seen are not given again after Redis came back with an older log', async () => {
    const jobId = await jobs.plant();
    const viewer = jobs.watch(jobId);
    const first = openWriter(jobId);
    first.started();
    first.delta({ kind: 'text', choice: 0, text: 'seen by somebody' });
    await first.close();
    await waitFor('the text to be seen', () => viewer.seen.some(({ type }) => type === 'output.delta'));
    await jobs.redis.xdel(redisKey(jobs.prefix, 'events', jobId), '3-0');
    await jobs.redis.hset(redisKey(jobs.prefix, 'writer', jobId), 'run', 'of the Redis before');
    const second = openWriter(jobId, 2, 1, 'openai/gpt-5-mini', Date.now() - 1000);
    second.started();
    second.delta({ kind: 'text', choice: 0, text: 'right' });
    const last = await second.close();
    await jobs.finish(jobId, { text: 'right', eventSeq: last + 1 });
    jobs.events.announce(jobId);
    const seen = await viewer.done;
    expect(seen.find(({ type }) => type === 'output.reset')?.id).toBeGreaterThan(1000);
    expect(textOf(seen)).toBe('right');
  });

  it('a lost message is made up for', async () => {
    const jobId = await jobs.plant();
    const viewer = jobs.watch(jobId);
    await waitFor('the first event', () => viewer.seen.length > 0);
    const stream = redisKey(jobs.prefix, 'events', jobId);
    // Written behind the publisher's back.
    await jobs.redis.xadd(stream, '2-0', 't', 'job.started', 'f', '{"attempt":1}');
    await waitFor('the unannounced event', () => viewer.seen.length === 2, 5000);
    await jobs.finish(jobId, { eventSeq: 3 });
    // Nobody announces the end either.
    const seen = await viewer.done;
    expect(types(seen)).toEqual(['job.queued', 'job.started', 'job.succeeded']);
  });

  it('a log that is gone is told by a snapshot, to late and to resumed viewers', async () => {
    const jobId = await jobs.plant();
    const finalId = await runToTheEnd(jobId);
    await jobs.redis.del(redisKey(jobs.prefix, 'events', jobId));
    for (const after of [0, 5, finalId - 2]) {
      const seen = await jobs.watch(jobId, after).done;
      expect(types(seen).slice(after === 0 ? 1 : 0)).toEqual(['output.snapshot', 'job.succeeded']);
      expect(ids(seen).slice(-2)).toEqual([finalId - 1, finalId]);
      expect(textOf(seen)).toBe(text);
    }
    expect(types(await jobs.watch(jobId, finalId - 1).done)).toEqual(['job.succeeded']);
  });

  it('a log whose beginning is gone never gives text with a hole', async () => {
    const jobId = await jobs.plant();
    const writer = openWriter(jobId);
    writer.started();
    writer.delta({ kind: 'text', choice: 0, text: 'one ' });
    await waitFor('the first delta', async () => (await jobs.events.log.lastId(jobId)) === 3);
    const early = jobs.watch(jobId);
    await waitFor('it to be seen', () => early.seen.length === 3);
    await jobs.redis.del(redisKey(jobs.prefix, 'events', jobId));
    writer.delta({ kind: 'text', choice: 0, text: 'two ' });
    await waitFor('the second delta', async () => (await jobs.events.log.lastId(jobId)) === 4);
    const late = jobs.watch(jobId);
    await waitFor('the beginning', () => late.seen.length > 0);
    writer.delta({ kind: 'text', choice: 0, text: 'three' });
    const last = await writer.close();
    await jobs.finish(jobId, { text: 'one two three', eventSeq: last + 1 });
    jobs.events.announce(jobId);
    expect(types(await late.done)).toEqual(['job.queued', 'output.snapshot', 'job.succeeded']);
    expect(textOf(await late.done)).toBe('one two three');
    expect(ids(await early.done)).toEqual(oneByOne(last + 1));
    expect(textOf(await early.done)).toBe('one two three');
  });

  it('events that were given up are told by a snapshot', async () => {
    const jobId = await jobs.plant();
    const writer = openWriter(jobId);
    writer.started();
    writer.delta({ kind: 'text', choice: 0, text: 'one ' });
    const last = await writer.close();
    // Three more were counted and never arrived.
    await jobs.finish(jobId, { text: 'one two three four', eventSeq: last + 4 });
    const seen = await jobs.watch(jobId).done;
    expect(types(seen).slice(-2)).toEqual(['output.snapshot', 'job.succeeded']);
    expect(ids(seen).slice(-2)).toEqual([last + 3, last + 4]);
    expect(textOf(seen)).toBe('one two three four');
  });

  it('the calls of a job without output are told from Postgres', async () => {
    const jobId = await jobs.plant({ stream: false });
    await jobs.finish(jobId, { eventSeq: 3 });
    const seen = await jobs.watch(jobId).done;
    expect(types(seen)).toEqual(['job.queued', 'job.started', 'job.succeeded']);
    expect(seen[1]?.data).toMatchObject({ attempt: 1, provider: 'openai', model: 'openai/gpt-5-mini' });
  });

  it('a lost worker had written more than Postgres knows: the end still comes last', async () => {
    const jobId = await jobs.plant();
    const writer = openWriter(jobId);
    writer.started();
    for (const word of words) writer.delta({ kind: 'text', choice: 0, text: word });
    const last = await writer.close();
    const viewer = jobs.watch(jobId);
    await waitFor('all so far', () => viewer.seen.length === last);
    await jobs.finish(jobId, { state: 'expired', eventSeq: 2 });
    jobs.events.announce(jobId);
    expect(ids(await viewer.done)).toEqual(oneByOne(last + 1));
    expect(types(await viewer.done).at(-1)).toBe('job.expired');
    expect(types(await jobs.watch(jobId, last).done)).toEqual(['job.expired']);
  });
});
