import { sleep } from './faults/fault.ts';

type WatchedEvent = { id: number; type: string; text: string; offset: number };

/** What one reader of a job's events has put together, over all its connections. */
export type Watched = {
  jobId: string;
  text: string;
  lastId: number;
  finalType: string | null;
  /** Sentences about events that were missing, repeated or out of place. */
  faults: string[];
};

/** Readers of live events who are cut off now and then, by chance or by their own doing, and go on where they were. */
export type Watchers = {
  watch(jobId: string): void;
  /** Waits for every reader to see the end, at most this long. */
  whenEnded(patienceMs: number): Promise<void>;
  all(): readonly Watched[];
  /** How often a reader cut its own connection. */
  cuts(): number;
};

const cutProbability = 0.02;

export function createWatchers(options: { urls(): string[]; key: string; random(): number }): Watchers {
  const watched: Watched[] = [];
  const reading = new Set<Promise<void>>();
  let cuts = 0;

  async function read(one: Watched): Promise<void> {
    while (one.finalType === null) {
      await readOnce(one).catch(() => undefined);
      if (one.finalType === null) await sleep(100);
    }
  }

  async function readOnce(one: Watched): Promise<void> {
    const urls = options.urls();
    const url = urls[Math.floor(options.random() * urls.length)];
    if (url === undefined) return;
    const abort = new AbortController();
    const silence = setTimeout(() => abort.abort(), 20_000);
    try {
      const answer = await fetch(`${url}/v1/jobs/${one.jobId}/events`, {
        headers: {
          authorization: `Bearer ${options.key}`,
          ...(one.lastId === 0 ? {} : { 'last-event-id': String(one.lastId) }),
        },
        signal: abort.signal,
      });
      if (answer.status !== 200 || answer.body === null) return;
      let rest = '';
      for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
        silence.refresh();
        const frames = (rest + chunk).split('\n\n');
        rest = frames.pop() ?? '';
        for (const frame of frames) {
          const event = parseFrame(frame);
          if (event !== null) apply(one, event);
        }
        if (one.finalType === null && options.random() < cutProbability) {
          cuts += 1;
          return;
        }
      }
    } finally {
      clearTimeout(silence);
      abort.abort();
    }
  }

  return {
    watch: (jobId) => {
      const one: Watched = { jobId, text: '', lastId: 0, finalType: null, faults: [] };
      watched.push(one);
      const done = read(one).finally(() => reading.delete(done));
      reading.add(done);
    },
    whenEnded: async (patienceMs) => {
      await Promise.race([Promise.all(reading), sleep(patienceMs)]);
    },
    all: () => watched,
    cuts: () => cuts,
  };
}

/** Comments carry no event. */
function parseFrame(frame: string): WatchedEvent | null {
  const id = /^id: (\d+)$/m.exec(frame)?.[1];
  const type = /^event: (.*)$/m.exec(frame)?.[1];
  const data = /^data: (.*)$/m.exec(frame)?.[1];
  if (id === undefined || type === undefined || data === undefined) return null;
  const { text = '', offset = 0 } = JSON.parse(data) as { text?: string; offset?: number };
  return { id: Number(id), type, text, offset };
}

function apply(one: Watched, { id, type, text, offset }: WatchedEvent): void {
  if (id <= one.lastId) one.faults.push(`event ${id} ${type} came after ${one.lastId}`);
  const mayJump = type === 'output.snapshot' || type === 'output.reset' || isFinal(type);
  if (id > one.lastId + 1 && !mayJump) one.faults.push(`event ${id} ${type} came right after ${one.lastId}`);
  one.lastId = Math.max(one.lastId, id);
  if (type === 'output.snapshot') one.text = text;
  if (type === 'output.reset') one.text = '';
  if (type === 'output.delta') {
    if (offset !== one.text.length)
      one.faults.push(`delta ${id} starts at ${offset}, the text is ${one.text.length} long`);
    one.text = one.text.slice(0, offset) + text;
  }
  if (isFinal(type)) one.finalType = type;
}

function isFinal(type: string): boolean {
  return ['job.succeeded', 'job.failed', 'job.cancelled', 'job.expired'].includes(type);
}
