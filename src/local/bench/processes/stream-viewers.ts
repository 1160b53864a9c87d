import { get, type IncomingMessage } from 'node:http';
import { inParallel } from '../../chaos/in-parallel.ts';
import { quantile } from '../row.ts';
import { wallClockMs } from '../wall-clock.ts';
import { readPlan, writeResult } from './plan.ts';

export type ViewersPlan = {
  url: string;
  key: string;
  jobIds: string[];
  /** How many each viewer is to see. */
  deltas: number;
  /** So many of them, the first, are not timed: a server that has just started compiles what it runs. */
  warmDeltas: number;
};

export type ViewersResult = {
  /** Deltas that came, of all viewers. */
  seen: number;
  /** From the first to the last. */
  seconds: number;
  /** From the moment a delta was appended until it was read from the socket. */
  delayMs: { p50: number; p99: number };
};

const opensAtOnce = 64;
/** When nothing has come for so long, nothing will. */
const patienceMs = 20_000;

/** Opens one stream per job, says `open` when all are, and reads until every viewer has every delta or nothing comes any more. */
async function view(plan: ViewersPlan): Promise<ViewersResult> {
  const delaysMs: number[] = [];
  let seen = 0;
  let firstAt = Number.NaN;
  let lastAt = 0;
  const wanted = plan.jobIds.length * plan.deltas;
  const warm = plan.jobIds.length * plan.warmDeltas;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const onDelta = (appendedAt: number) => {
    lastAt = wallClockMs();
    if (Number.isNaN(firstAt)) firstAt = lastAt;
    seen += 1;
    if (seen > warm) delaysMs.push(lastAt - appendedAt);
    if (seen === wanted) finish();
  };
  await inParallel(opensAtOnce, plan.jobIds, (jobId) => openStream(plan, jobId, onDelta));
  console.log('open');
  const watch = setInterval(() => {
    if (lastAt > 0 && wallClockMs() - lastAt > patienceMs) finish();
  }, 1000);
  await finished;
  clearInterval(watch);
  return {
    seen,
    seconds: (lastAt - firstAt) / 1000,
    delayMs: { p50: quantile(delaysMs, 0.5), p99: quantile(delaysMs, 0.99) },
  };
}

/** Resolves with the first event, which comes once the server listens for more. */
async function openStream(
  { url, key }: ViewersPlan,
  jobId: string,
  onDelta: (appendedAt: number) => void,
): Promise<void> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}` };
    get(`${url}/v1/jobs/${jobId}/events`, { agent: false, headers }, resolve).on('error', reject);
  });
  if (answer.statusCode !== 200) throw new Error(`a stream was answered ${answer.statusCode}`);
  answer.setEncoding('utf8');
  await new Promise<void>((opened) => {
    let rest = '';
    answer.on('data', (chunk: string) => {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, type, data = ''] = /^event: (.+)\ndata: (.*)$/m.exec(block) ?? [];
        if (type === 'job.queued') opened();
        if (type === 'output.delta') onDelta(parseFloat((JSON.parse(data) as { text: string }).text));
      }
    });
    answer.on('error', () => undefined);
  });
}

writeResult(await view(readPlan<ViewersPlan>()));
