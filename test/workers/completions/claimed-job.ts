import type { Answer, Failure, Produced } from '../../../src/shared/chat/call-result.ts';
import type { Usage } from '../../../src/shared/chat/usage.ts';
import type { QuoteTarget } from '../../../src/shared/quoting/quote.ts';
import type { ClaimedJob } from '../../../src/workers/completions/claim.ts';

const usd = 1_000_000_000n;

/** A target at 1 USD per million tokens of input and 2 USD per million of output. */
export function aTarget(change: Partial<QuoteTarget> = {}): QuoteTarget {
  return {
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
    tokenizer: 'openai',
    likelyInputTokens: 40,
    ...change,
  };
}

/** A job in its first attempt, with one target. */
export function aClaimedJob(change: Partial<ClaimedJob> = {}): ClaimedJob {
  const target = change.target ?? aTarget();
  return {
    id: 'job_1',
    ticketId: 'job_1:0',
    accountId: 'acct_1',
    batchId: null,
    lane: 1,
    model: 'openai/a',
    provider: 'openai',
    attempts: 1,
    tries: 1,
    maxAttempts: 5,
    targetIndex: 0,
    target,
    targets: [target],
    holdNano: 10_000_000n,
    inputTokensBound: 100,
    stream: false,
    announces: null,
    webhookUrl: null,
    webhookPayload: 'thin',
    metadata: {},
    createdAt: new Date(),
    startedAt: new Date(),
    deadlineAt: new Date(Date.now() + 60_000),
    eventSeq: 0,
    request: { model: 'openai/a', messages: [] },
    ...change,
  };
}

/** 100 tokens of input and 50 of output: 200,000 nano-USD at the prices of `aTarget`. */
export const someUsage: Usage = {
  promptTokens: 100,
  completionTokens: 50,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};

/** A whole answer with `someUsage`. */
export function aCompletion(
  change: Partial<Extract<Answer, { kind: 'completed' }>> = {},
): Extract<Answer, { kind: 'completed' }> {
  return {
    kind: 'completed',
    completion: { id: 'x', object: 'chat.completion', created: 1, model: 'openai/a', choices: [] },
    usage: someUsage,
    limits: null,
    serviceTier: null,
    ...change,
  };
}

export const nothingProduced: Produced = { text: '', usage: null };

export function aFailure(
  change: Partial<Failure> = {},
  produced: Produced = nothingProduced,
): Extract<Answer, { kind: 'failed' }> {
  const failure: Failure = {
    reason: 'failed',
    status: 500,
    code: null,
    message: 'no',
    retryAfterMs: null,
    ...change,
  };
  return { kind: 'failed', failure, produced, limits: null };
}
