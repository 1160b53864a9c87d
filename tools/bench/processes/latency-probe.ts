import { setTimeout as sleep } from 'node:timers/promises';
import { readServerSentEvents } from '../../chaos/server-sent-events.ts';
import { quantile } from '../row.ts';
import { submissionBody } from '../submission-body.ts';
import { readPlan, writeResult } from './plan.ts';

export type ProbePlan = {
  url: string;
  key: string;
  samples: number;
  /** Follows each job to its end; a baseline has none. */
  follow: boolean;
};

export type ProbeResult = {
  accepted: number;
  acceptMs: { p50: number; p99: number };
  /** Both from the 202 on, as a reader of the job's events sees them. */
  firstTokenMs: { p50: number; p99: number };
  settledMs: { p50: number; p99: number };
};

type Sample = { acceptMs: number; firstTokenMs: number; settledMs: number };

const warmSamples = 20;
/**
 * What a job leaves to do behind its end (its ticket, the next look at the backlog) is over after this long.
 */
const pauseMs = 20;

/**
 * Submits one job after the other, each when the one before has ended: nothing waits for anything but itself.
 */
async function probe(plan: ProbePlan): Promise<ProbeResult> {
  const samples: Sample[] = [];
  for (let n = 0; n < plan.samples + warmSamples; n++) {
    samples.push(await submitOne(plan));
    await sleep(pauseMs);
  }
  const counted = samples.slice(warmSamples);
  const summary = (field: keyof Sample) => {
    const values = counted.map((sample) => sample[field]);
    return { p50: quantile(values, 0.5), p99: quantile(values, 0.99) };
  };
  return {
    accepted: samples.length,
    acceptMs: summary('acceptMs'),
    firstTokenMs: summary('firstTokenMs'),
    settledMs: summary('settledMs'),
  };
}

async function submitOne(plan: ProbePlan): Promise<Sample> {
  const authorization = `Bearer ${plan.key}`;
  const startedAt = performance.now();
  const answer = await fetch(`${plan.url}/v1/jobs`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json', 'x-account': 'probe' },
    body: submissionBody({ stream: plan.follow }),
  });
  const { id } = (await answer.json()) as { id: string };
  const acceptedAt = performance.now();
  if (answer.status !== 202) throw new Error(`a submission was answered ${answer.status}`);
  let firstAt = Number.NaN;
  if (plan.follow) {
    const events = await fetch(`${plan.url}/v1/jobs/${id}/events`, { headers: { authorization } });
    if (events.body === null) throw new Error(`no events of ${id}`);
    for await (const event of readServerSentEvents(events.body.pipeThrough(new TextDecoderStream()))) {
      const isFirst = event.type === 'output.delta' && Number.isNaN(firstAt);
      if (isFirst) firstAt = performance.now();
    }
  }
  return {
    acceptMs: acceptedAt - startedAt,
    firstTokenMs: firstAt - acceptedAt,
    settledMs: performance.now() - acceptedAt,
  };
}

writeResult(await probe(readPlan<ProbePlan>()));
