import { connect } from 'node:net';
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
const maxWaitMs = 20_000;

/**
 * Opens one stream per job, says `open` when all are, and reads until every viewer has every delta or nothing
 * comes any more.
 */
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
    if (lastAt > 0 && wallClockMs() - lastAt > maxWaitMs) finish();
  }, 1000);
  await finished;
  clearInterval(watch);
  return {
    seen,
    seconds: (lastAt - firstAt) / 1000,
    delayMs: { p50: quantile(delaysMs, 0.5), p99: quantile(delaysMs, 0.99) },
  };
}

const textMark = '"text":"';

/**
 * Resolves with the first event, which comes once the server listens for more. Reads the socket itself:
 * twenty thousand events a second through an HTTP client and a parser of events would take more of the
 * machine than the server that is measured. An event has no blank line in it, and none is cut by the framing
 * of a chunk.
 */
async function openStream(
  { url, key }: ViewersPlan,
  jobId: string,
  onDelta: (appendedAt: number) => void,
): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setEncoding('latin1');
  socket.write(
    `GET /v1/jobs/${jobId}/events HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${key}\r\n\r\n`,
  );
  await new Promise<void>((opened, failed) => {
    let rest = '';
    socket.once('data', (head: string) => {
      if (!head.startsWith('HTTP/1.1 200 ')) failed(new Error(`a stream was answered ${head.slice(0, 40)}`));
    });
    socket.on('data', (chunk: string) => {
      const text = rest + chunk;
      let from = 0;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n', from)) {
        const mark = text.indexOf(textMark, from);
        if (mark >= 0 && mark < end) onDelta(parseFloat(text.slice(mark + textMark.length, end)));
        else if (text.slice(from, end).includes('event: job.queued')) opened();
        from = end + 2;
      }
      rest = text.slice(from);
    });
    socket.on('error', failed);
  });
}

writeResult(await view(readPlan<ViewersPlan>()));
