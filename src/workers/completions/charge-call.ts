import type { Failure, Produced } from '../../shared/chat/call-result.ts';
import type { ChatCompletion, Choice } from '../../shared/chat/chat.ts';
import type { Usage } from '../../shared/chat/usage.ts';
import type { ChargeRecord } from '../../shared/jobs/sql/settle-jobs.ts';
import { chargeWithin } from '../../shared/money/rules/charge.ts';
import { priceUsage } from '../../shared/money/rules/price.ts';
import { countOutputTokens } from '../../shared/quoting/token-bound.ts';
import type { ClaimedJob } from './claim.ts';

/** What a call used: what its provider reported, and our count of the rest. */
export type CallUsage = { usage: Usage; estimated: boolean };

/** The usage of a call that came to its end. */
export function usageOfWhole(job: ClaimedJob, completion: ChatCompletion, reported: Usage | null): CallUsage {
  if (reported !== null) return { usage: reported, estimated: false };
  return { usage: countedUsage(job, countOutputTokens(outputText(completion), job.target)), estimated: true };
}

/**
 * The usage of a call that ended early: what was reported so far, and our count of the output that the report
 * leaves out. What had been reported was true at that moment; what the provider did after it we do not know.
 */
export function usageSoFar(job: ClaimedJob, produced: Produced): CallUsage {
  const { text, usage, uncounted = '', unreadTokens = 0 } = produced;
  const seenTokens = countOutputTokens(usage === null ? text : uncounted, job.target) + unreadTokens;
  if (usage === null) return { usage: countedUsage(job, seenTokens), estimated: true };
  const completionTokens = Math.max(
    usage.completionTokens,
    Math.min(usage.completionTokens + seenTokens, outputMax(job)),
  );
  return { usage: { ...usage, completionTokens }, estimated: true };
}

/** What a job pays for a call, at the prices that were fixed at intake and never more than its hold. */
export function chargeOf(job: ClaimedJob, { usage, estimated }: CallUsage): ChargeRecord {
  const { target } = job;
  const charge = chargeWithin(costOfCall(job, usage), job.holdNano);
  return {
    ...charge,
    // What we counted ourselves cannot be a provider's bill.
    overrunNano: estimated ? 0n : charge.overrunNano,
    estimated,
    provider: target.provider,
    model: target.model,
    priceVersion: target.priceVersion,
    usage: withLifetimes(job, usage),
  };
}

/** What a call cost by its usage, charged or not. */
export function costOfCall(job: ClaimedJob, usage: Usage): bigint {
  return priceUsage(job.target.prices, withLifetimes(job, usage));
}

/** Cache writes without their lifetimes are priced at the longest lifetime that was asked for. */
function withLifetimes(job: ClaimedJob, usage: Usage): Usage {
  if (usage.cacheWriteHourTokens !== undefined || usage.cacheWriteTokens === 0) return usage;
  return job.target.asksHourCache === true
    ? { ...usage, cacheWriteHourTokens: usage.cacheWriteTokens }
    : usage;
}

const outputMax = (job: ClaimedJob) => job.target.maxOutputTokens * (job.request.n ?? 1);

/** Whether the provider may have worked on a call that failed, so that it may have cost something. */
export function mayHaveRun({ reason }: Failure, { text, usage }: Produced): boolean {
  return reason === 'cut' || text !== '' || usage !== null;
}

/** Our own count where the provider gave none. */
function countedUsage(job: ClaimedJob, outputTokens: number): Usage {
  return {
    promptTokens: job.target.likelyInputTokens ?? job.inputTokensBound,
    completionTokens: Math.min(outputTokens, outputMax(job)),
    cachedTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
  };
}

/** All that came out of a whole answer, with the reasoning that was sent along. */
function outputText(completion: ChatCompletion): string {
  return completion.choices
    .flatMap(({ message }) => [
      ...reasoningTexts(message),
      message.content ?? '',
      message.refusal ?? '',
      ...(message.tool_calls ?? []).map((call) => call.function.name + call.function.arguments),
    ])
    .join('');
}

/** What it thought: as it is shown, else as the state has it. */
function reasoningTexts({ reasoning_content: shown, extra_content: extra }: Choice['message']): string[] {
  if (shown !== undefined) return [shown];
  const own = extra?.openai as { reasoning_content?: string; reasoning?: string } | undefined;
  const blocks = (extra?.anthropic as { content?: { thinking?: string }[] } | undefined)?.content ?? [];
  return [own?.reasoning_content ?? own?.reasoning ?? '', ...blocks.map(({ thinking = '' }) => thinking)];
}
