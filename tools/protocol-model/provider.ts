import type { Answer, FailureReason } from '../../src/shared/chat/call-result.ts';
import type { ChatCompletion } from '../../src/shared/chat/chat.ts';
import type { Claimed } from './records.ts';
import type { World } from './world.ts';

export type Call = {
  answer: Exclude<Answer, { kind: 'stopped' }>;
  /** What the provider bills for it, and whether it said so. */
  billedNano: bigint;
  isUsageReported: boolean;
  answeredAtMs: number;
};

/** Executes a call, refuses it, or lets it be cut off; whatever is executed is metered first. */
export function callProvider(world: World, { job, fence, provider }: Claimed, admittedBy: string): Call {
  const { random } = world;
  if (!job.attempts.some((attempt) => attempt.number === fence)) {
    world.violate('every call has an attempt that was written before it', `attempt ${fence}`, job);
  }
  if (provider !== admittedBy) {
    world.violate('a call goes where its gate let it in', `${provider}, not ${admittedBy}`, job);
  }
  const isSlow = world.meets('slow');
  const answeredAtMs = world.schedule.nowMs + random.between(100, isSlow ? 30_000 : 3000);
  const failed = failureOf(world);
  if (failed !== null && failed !== 'cut') {
    const answeredMs = world.schedule.nowMs + random.between(5, 300);
    return { ...failedCall(world, failed), answeredAtMs: answeredMs };
  }
  const billedNano = costOf(world, job.submission.holdNano);
  const isUsageReported = failed === null && !world.meets('usageUnsaid');
  world.meter.push({ jobId: job.id, attempt: fence, billedNano, isUsageReported });
  world.note(job, provider, failed === null ? 'executes attempt' : 'executes, cut off, attempt', fence);
  if (failed !== null) return { ...failedCall(world, failed), billedNano, answeredAtMs };
  const completion = { ...blank, id: `${job.id}:${fence}` };
  const answer: Call['answer'] = {
    kind: 'completed',
    completion,
    usage: null,
    limits: null,
    serviceTier: null,
  };
  return { answer, billedNano, isUsageReported, answeredAtMs };
}

const blank: ChatCompletion = {
  id: '',
  object: 'chat.completion',
  created: 0,
  model: 'simulated',
  choices: [],
};

const refusals: FailureReason[] = [
  'throttled',
  'throttled',
  'throttled',
  'unreachable',
  'unreachable',
  'exhausted',
  'auth',
  'rejected',
];

function failureOf(world: World): FailureReason | null {
  if (world.meets('refused')) return world.random.pick(refusals);
  if (world.meets('failed')) return 'failed';
  return world.meets('cut') ? 'cut' : null;
}

function failedCall({ random }: World, reason: FailureReason): Omit<Call, 'answeredAtMs'> {
  const asksToWait = reason === 'exhausted' || (reason === 'throttled' && random.chance(0.5));
  const retryAfterMs = asksToWait ? random.between(100, 12_000) : null;
  return {
    answer: {
      kind: 'failed',
      failure: { reason, status: null, code: null, message: reason, retryAfterMs },
      produced: { text: '', usage: null },
      limits: null,
    },
    billedNano: 0n,
    isUsageReported: false,
  };
}

function costOf(world: World, holdNano: bigint): bigint {
  const most = Number(holdNano);
  return BigInt(
    world.meets('overrun') ? world.random.between(most + 1, 2 * most) : world.random.between(1, most),
  );
}
