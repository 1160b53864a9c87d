import { setTimeout as sleep } from 'node:timers/promises';
import { ask, isBrokenAnswer, pick } from './ask.ts';
import { inParallel } from './in-parallel.ts';
import { readServerSentEvents } from './server-sent-events.ts';
import { applyEvent, newWatchedJob, type WatchedJob } from './watched-job.ts';

export type WatchersOptions = {
  /** The API addresses that may be up now. */
  urls(): string[];
  /** Of the account whose jobs are watched. */
  key: string;
  /** In [0, 1). */
  random(): number;
  /** How likely a reader cuts its connection after each piece it was sent. */
  cutProbability?: number;
  /** Silence after which a reader gives a connection up; the server says something every 15 s. */
  silenceMsMax?: number;
};

export type WatchFinding = { jobId: string; detail: string };

export type Watchers = {
  watch(jobId: string): void;
  /** Waits until every reader has seen the end; false when that is not so after `maxWaitMs`. */
  whenEnded(maxWaitMs: number): Promise<boolean>;
  /**
   * Compares what the readers saw with what the API says now; for when all has come to rest. Every job was
   * seen to end, as what it is; the text of those that succeeded is their result; and the server has nothing
   * more to tell.
   */
  check(): Promise<WatchFinding[]>;
  jobs(): readonly WatchedJob[];
  /** How often readers have cut their own connections. */
  cuts(): number;
  /** Ends every reader, whatever it has seen. */
  stop(): void;
};

const againMs = 100;
const checksAtOnce = 16;
const requestTimeoutMs = 10_000;
const checkTriesMax = 5;

/**
 * Readers of live events, each of one job. A reader goes on from its last event after every cut, at any
 * address, and now and then cuts itself.
 */
export function createWatchers(options: WatchersOptions): Watchers {
  const jobs: WatchedJob[] = [];
  const reading = new Set<Promise<void>>();
  const connections = new Set<AbortController>();
  let isStopped = false;
  let cuts = 0;

  async function readToEnd(job: WatchedJob): Promise<void> {
    while (job.finalType === null && !isStopped) {
      const connection = new AbortController();
      connections.add(connection);
      if ((await connect(options, job, connection)) === 'cut') cuts += 1;
      connections.delete(connection);
      if (job.finalType === null) await sleep(againMs * (0.5 + options.random()));
    }
  }

  return {
    watch: (jobId) => {
      const job = newWatchedJob(jobId);
      jobs.push(job);
      const done: Promise<void> = readToEnd(job).finally(() => reading.delete(done));
      reading.add(done);
    },
    whenEnded: async (maxWaitMs) => {
      const waiting = new AbortController();
      await Promise.race([
        Promise.all(reading),
        sleep(maxWaitMs, null, { signal: waiting.signal }).catch(() => null),
      ]);
      waiting.abort();
      return reading.size === 0;
    },
    check: async () => {
      const findings: WatchFinding[] = [];
      await inParallel(checksAtOnce, jobs, async (job) => {
        const found = [...job.wrong, ...(await compareWithApi(options, job))];
        findings.push(...found.map((detail) => ({ jobId: job.jobId, detail })));
      });
      return findings;
    },
    jobs: () => jobs,
    cuts: () => cuts,
    stop: () => {
      isStopped = true;
      for (const connection of connections) connection.abort();
    },
  };
}

/** One connection, until the end of the job, a cut of ours, silence, or whatever else ends it. */
async function connect(
  options: WatchersOptions,
  job: WatchedJob,
  connection: AbortController,
): Promise<'cut' | 'ended'> {
  const { random, cutProbability = 0.05, silenceMsMax = 20_000 } = options;
  const url = pick(options.urls(), random());
  if (url === undefined) return 'ended';
  const silence = setTimeout(() => connection.abort(), silenceMsMax);
  try {
    const answer = await openEvents(options.key, url, job, connection.signal);
    job.connections += 1;
    if (answer.status !== 200 || answer.body === null) noteStatus(job, answer);
    else {
      for await (const event of readServerSentEvents(decode(answer.body, () => silence.refresh()))) {
        applyEvent(job, event);
        if (job.finalType === null && random() < cutProbability) return 'cut';
      }
    }
  } catch {
    // A connection that breaks is what readers are here to survive.
  } finally {
    clearTimeout(silence);
    connection.abort();
  }
  return 'ended';
}

async function* decode(bytes: ReadableStream<Uint8Array>, onChunk: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of bytes) {
    onChunk();
    yield decoder.decode(chunk, { stream: true });
  }
}

function openEvents(key: string, url: string, job: WatchedJob, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { authorization: `Bearer ${key}` };
  if (job.lastId > 0) headers['last-event-id'] = String(job.lastId);
  return fetch(`${url}/v1/jobs/${job.jobId}/events`, { headers, signal });
}

/** Only 429 and 503 with Retry-After may stand in the way of a reader that has not seen the end. */
function noteStatus(job: WatchedJob, { status, headers }: Response): void {
  if (status === 429 || (status === 503 && headers.has('retry-after'))) return;
  const what = `its events were answered ${status} after ${job.lastId}`;
  if (!job.wrong.includes(what)) job.wrong.push(what);
}

async function compareWithApi(options: WatchersOptions, job: WatchedJob): Promise<string[]> {
  if (job.finalType === null) return [`no final event was seen; the last was ${job.lastId}`];
  const stored = await get(options, `/v1/jobs/${job.jobId}`, {});
  if (stored === null || stored.status !== 200) return [`reading the job was answered ${stored?.status}`];
  const now = JSON.parse(stored.body) as StoredJob;
  const wrong: string[] = [];
  if (job.finalType !== `job.${now.status}`) wrong.push(`was seen as ${job.finalType}, and is ${now.status}`);
  if (now.stream && job.hasHoleBeforeEnd)
    wrong.push('the final event left out events of a streamed job, without a snapshot');
  if (now.stream && now.status === 'succeeded') wrong.push(...compareTexts(job, now));
  const more = await get(options, `/v1/jobs/${job.jobId}/events`, { 'last-event-id': String(job.lastId) });
  if (more?.status !== 204) wrong.push(`after its last event the server had more to tell: ${more?.status}`);
  return wrong;
}

type StoredJob = {
  status: string;
  stream: boolean;
  result: { choices: { index: number; message: { content: string | null } }[] } | null;
};

function compareTexts(job: WatchedJob, { result }: StoredJob): string[] {
  if (result === null) return ['succeeded, and has no result'];
  return result.choices.flatMap(({ index, message }) => {
    const [read, stored] = [job.output.text(index), message.content ?? ''];
    return read === stored
      ? []
      : [`choice ${index} was read as ${JSON.stringify(read)}, and is ${JSON.stringify(stored)}`];
  });
}

/** One answer that is not of a passing kind, or null. */
async function get(options: WatchersOptions, path: string, more: Record<string, string>) {
  const headers = { authorization: `Bearer ${options.key}`, ...more };
  for (let tries = 0; tries < checkTriesMax; tries += 1) {
    const url = pick(options.urls(), options.random()) ?? '';
    const reply = await ask(`${url}${path}`, { headers }, requestTimeoutMs);
    if (reply.kind === 'answer' && !isBrokenAnswer(reply) && reply.status !== 429 && reply.status !== 503)
      return reply;
    await sleep(againMs);
  }
  return null;
}
