import type { Answer } from '../../shared/chat/call-result.ts';
import type { ChatRequest } from '../../shared/chat/chat.ts';
import { attemptId } from '../../shared/ids.ts';
import { lanes } from '../../shared/jobs/rules/job.ts';
import { failpoint } from '../../shared/platform/failpoints.ts';
import type { Metrics } from '../../shared/platform/metrics.ts';
import type { Gate, GatePass, GateReport, ReportedLimits } from '../../shared/queue/gate.ts';
import type { QuoteTarget } from '../../shared/quoting/quote.ts';
import type { Provider, ProviderCall } from '../providers/provider.ts';
import type { Run } from './runs.ts';

export type CallDeps = {
  providers: ReadonlyMap<string, Provider>;
  gate: Pick<Gate, 'report'>;
  metrics: Pick<Metrics, 'attemptDuration' | 'jobWait' | 'unreadableAnswers'>;
};

/**
 * The one outbound call of a run. Reports to the gate what was learned, whatever the end. A provider this
 * process does not have answers as unreachable: another process may have it.
 */
export async function callProvider(
  deps: CallDeps,
  run: Run,
  pass: GatePass,
  listeners: Pick<ProviderCall, 'onDelta' | 'onPassed'>,
): Promise<Answer> {
  const { job } = run;
  const provider = deps.providers.get(job.provider);
  if (job.attempts === 1) {
    const waitedMs = job.startedAt.getTime() - job.createdAt.getTime();
    deps.metrics.jobWait.observe({ provider: job.provider, lane: lanes[job.lane] ?? '' }, waitedMs / 1000);
  }
  const timer = deps.metrics.attemptDuration.startTimer({ provider: job.provider });
  const calling =
    provider === undefined
      ? notConfigured(job.provider)
      : provider.call({
          attemptId: attemptId(job.id, job.attempts),
          model: job.target.upstreamModel,
          ...(job.target.api !== undefined && { api: job.target.api }),
          request: { ...requestTo(job.target, job.request), model: job.target.model },
          maxOutputTokens: job.target.maxOutputTokens,
          stream: job.stream,
          reasons: job.target.reasons === true,
          signal: run.signal,
          ...listeners,
        });
  const [answer] = await Promise.all([calling, failpoint('run.calling')]);
  timer();
  if (answer.kind === 'failed' && answer.failure.unreadable !== undefined) {
    deps.metrics.unreadableAnswers.inc({ provider: job.provider, reason: answer.failure.unreadable });
  }
  // An answer that was paid for does not wait for Redis, which may be unavailable.
  void deps.gate.report(pass, toReport(answer, pass), reportedLimits(answer));
  return answer;
}

/**
 * A model that cannot reason refuses to be asked not to (OpenAI: "Unrecognized request argument supplied:
 * reasoning_effort"), and how much it thinks may have been left to it.
 */
function requestTo({ neverReasons }: QuoteTarget, request: ChatRequest): ChatRequest {
  if (neverReasons !== true) return request;
  const asked = Object.entries(request).filter(([name]) => !ofReasoning.has(name));
  return Object.fromEntries(asked) as ChatRequest;
}

const ofReasoning = new Set([
  'reasoning_effort',
  'reasoning_summary',
  'effort_alone',
  'thinking_adaptive',
  'thinking_budget_tokens',
  'thinking_display',
]);

/**
 * What the provider reported of its limits, counted from now: what a long call learnt at its start may be
 * over.
 */
function reportedLimits(answer: Answer): ReportedLimits | null {
  if (answer.kind === 'stopped' || answer.limits === null) return null;
  const { requestsLeft, tokensLeft, usedUpUntilMs } = answer.limits;
  const usedUpMs = usedUpUntilMs === null ? 0 : Math.max(0, usedUpUntilMs - Date.now());
  return { requestsLeft, tokensLeft, usedUpMs: Math.min(usedUpMsMax, usedUpMs) };
}

function notConfigured(name: string): Answer {
  return {
    kind: 'failed',
    failure: {
      reason: 'unreachable',
      status: null,
      code: null,
      message: `provider ${name} is not configured`,
      retryAfterMs: 5000,
    },
    produced: { text: '', usage: null },
    limits: null,
  };
}

/**
 * Limits are counted over a minute; a reset that is further away is that of the whole limit, not of the next
 * request.
 */
const usedUpMsMax = 60_000;
/**
 * How long a provider gets no calls after a 429 without Retry-After, and after one that reports an empty
 * account.
 */
const defaultThrottleMs = 1000;
const exhaustedMs = 60_000;

function toReport(answer: Answer, pass: GatePass): GateReport {
  if (answer.kind === 'stopped') return { kind: 'neutral' };
  if (answer.kind === 'completed') {
    const { usage } = answer;
    // Without usage the tokens that were set aside count as used.
    return {
      kind: 'ok',
      tokensUsed: usage === null ? pass.tokens : usage.promptTokens + usage.completionTokens,
    };
  }
  const { reason, retryAfterMs } = answer.failure;
  if (reason === 'throttled') return { kind: 'throttled', retryAfterMs: retryAfterMs ?? defaultThrottleMs };
  if (reason === 'exhausted') return { kind: 'throttled', retryAfterMs: retryAfterMs ?? exhaustedMs };
  return { kind: reason === 'rejected' ? 'neutral' : 'failure' };
}
