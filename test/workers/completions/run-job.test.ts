import { expect, test } from 'vitest';
import type { Answer } from '../../../src/shared/chat/call-result.ts';
import type { JobEnding } from '../../../src/shared/jobs/sql/settle-jobs.ts';
import type { ClaimedJob } from '../../../src/workers/completions/claim.ts';
import { type RunJobDeps, runJob } from '../../../src/workers/completions/run-job.ts';
import { createRuns } from '../../../src/workers/completions/runs.ts';

const usd = 1_000_000_000n;
const target = {
  model: 'openai/a',
  provider: 'openai',
  upstreamModel: 'a',
  maxOutputTokens: 1000,
  priceVersion: '1',
  prices: {
    input: usd,
    output: 2n * usd,
    cachedInput: usd,
    cacheWrite: (5n * usd) / 4n,
    cacheWriteHour: 2n * usd,
  },
  tokenizer: 'openai' as const,
  likelyInputTokens: 40,
};
const job = {
  id: 'job_1',
  ticketId: 'job_1:0',
  accountId: 'one',
  provider: 'openai',
  attempts: 1,
  tries: 1,
  maxAttempts: 5,
  targetIndex: 0,
  target,
  targets: [target],
  holdNano: 10_000_000n,
  inputTokensBound: 100,
  announces: null,
  createdAt: new Date(),
  startedAt: new Date(),
  deadlineAt: new Date(Date.now() + 60_000),
  request: { model: 'openai/a', messages: [] },
} as unknown as ClaimedJob;

const used = {
  promptTokens: 100,
  completionTokens: 50,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};
const completion = {
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'openai/a',
  choices: [],
} as const;
const completed: Answer = {
  kind: 'completed',
  completion: { ...completion, choices: [] },
  usage: used,
  limits: null,
  serviceTier: 'priority',
};

/** Runs the job against a provider that answers this; gives the ending that was settled. */
async function settledBy(
  answer: Answer,
  more: { report?: () => Promise<void>; job?: Partial<ClaimedJob> } = {},
): Promise<JobEnding | undefined> {
  const endings: JobEnding[] = [];
  const silent = { started: () => undefined, delta: () => undefined, close: async () => 2 };
  const deps = {
    gate: { admit: async () => ({ admitted: true }), report: more.report ?? (async () => undefined) },
    isPaused: () => false,
    answersWait: () => false,
    providers: new Map([
      ['openai', { name: 'openai', call: async () => answer, close: async () => undefined }],
    ]),
    metrics: { attemptDuration: { startTimer: () => () => 0 }, jobWait: { observe: () => undefined } },
    ledger: {
      settleJob: async (ending: JobEnding) => endings.push(ending) > 0,
      requeueJob: async () => true,
    },
    persist: (write: () => Promise<unknown>) => write(),
    random: () => 0.5,
    runs: createRuns(),
    events: { openWriter: () => silent, announce: () => undefined },
    claim: async () => ({ ...job, ...more.job }),
    giveBack: async () => true,
    owesDelivery: () => undefined,
  } as unknown as RunJobDeps;
  const ticket = { id: job.id, generation: 0, model: 'openai/a', tokens: 1, priority: 1 };
  await runJob(deps, 'openai', ticket);
  return endings[0];
}

test('an answer that was paid for is settled while the gate does not answer', async () => {
  const ending = await settledBy(completed, { report: () => new Promise(() => undefined) });
  expect(ending).toMatchObject({ state: 'succeeded', charge: { amountNano: 200_000n } });
});

test('the tier that was served is written down with the attempt', async () => {
  expect((await settledBy(completed))?.attempt).toMatchObject({
    outcome: 'succeeded',
    serviceTier: 'priority',
  });
});

const wrote = { ...used, cacheWriteTokens: 100 };
test.each<[string, object, object, bigint]>([
  ['by their lifetimes', { cacheWriteHourTokens: 40 }, { asksHourCache: true }, 75_000n + 80_000n + 100_000n],
  ['none for an hour', { cacheWriteHourTokens: 0 }, { asksHourCache: true }, 125_000n + 100_000n],
  ['not told apart: as was asked', {}, { asksHourCache: true }, 200_000n + 100_000n],
  ['not told apart, and not asked', {}, {}, 125_000n + 100_000n],
])('cache writes are charged %s', async (_how, lifetimes, asked, amountNano) => {
  const answer: Answer = { ...completed, usage: { ...wrote, ...lifetimes } };
  const ending = await settledBy(answer, { job: { target: { ...target, ...asked } } });
  expect(ending?.charge).toMatchObject({ amountNano, estimated: false });
});

const words = 'one two three four five six seven eight nine ten';
const stopped: [string, Extract<Answer, { kind: 'stopped' }>['produced'], number, number][] = [
  ['nothing reported: our count of both', { text: words, usage: null }, 40, 11],
  ['all reported', { text: words, usage: used }, 100, 50],
  [
    'the prompt reported, and text after it',
    { text: words, usage: { ...used, completionTokens: 1 }, uncounted: words },
    100,
    12,
  ],
  ['more than was asked for: what was asked for', { text: '', usage: null, unreadTokens: 5000 }, 40, 1000],
  [
    'reported beyond what was asked for',
    { text: words, usage: { ...used, completionTokens: 1500 }, uncounted: words },
    100,
    1500,
  ],
];
test.each(stopped)(
  'a limit of ours ends a job for good, charged: %s',
  async (_what, produced, input, output) => {
    const ending = await settledBy({
      kind: 'stopped',
      produced,
      limit: 'the answer was larger than allowed',
    });
    expect(ending).toMatchObject({
      state: 'failed',
      error: { type: 'outcome_unknown', message: 'The answer was larger than allowed' },
      attempt: { outcome: 'unknown' },
      charge: {
        estimated: true,
        overrunNano: 0n,
        amountNano: BigInt(input) * 1000n + BigInt(output) * 2000n,
        usage: { promptTokens: input, completionTokens: output },
      },
    });
  },
);
