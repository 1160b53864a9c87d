import type { Answer, Produced } from '../../shared/domain/answer.ts';
import type { ChatCompletion, CompletionUsage, Delta } from '../../shared/domain/chat.ts';
import type { Usage } from '../../shared/domain/usage.ts';
import { toFailure } from './failure.ts';
import { readLimits } from './limits.ts';
import type { ProviderCall } from './provider.ts';
import type { Transport, Wire } from './transport.ts';

/** Collects what comes out of a call while it comes, so that a call that ends early can still be accounted for. */
export type Collector = Produced & {
  /** Reports a delta and remembers its text. */
  add(delta: Delta): void;
};

/** A finished call: the completion without its usage, and the usage if the provider gave a believable one. */
export type Finished = { completion: Omit<ChatCompletion, 'usage'>; usage: Usage | null };

/**
 * Makes one call and turns every way it can end into an Answer. `talk` speaks to the SDK over the given wire and throws
 * whatever the SDK throws; this is the one place that catches it.
 */
export async function answerCall(
  transport: Transport,
  call: ProviderCall,
  talk: (wire: Wire, collector: Collector) => Promise<Finished>,
): Promise<Answer> {
  const wire = transport.open(call.signal, { 'x-gateway-attempt-id': call.attemptId });
  const collector: Collector = {
    text: '',
    usage: null,
    add(delta) {
      this.text += delta.kind === 'text' ? delta.text : (delta.name ?? '') + delta.arguments;
      call.onDelta(delta);
    },
  };
  try {
    const { completion, usage } = await talk(wire, collector);
    return {
      kind: 'completed',
      completion: usage === null ? completion : { ...completion, usage: toCompletionUsage(usage) },
      usage,
      limits: readLimits(wire.seen.headers, Date.now()),
    };
  } catch (error) {
    const produced = { text: collector.text, usage: collector.usage };
    if (call.signal.aborted) return { kind: 'stopped', produced };
    const failure = toFailure(error, wire.seen);
    return { kind: 'failed', failure, produced, limits: readLimits(wire.seen.headers, Date.now()) };
  }
}

/** Our usage as the wire's `usage` object. */
export function toCompletionUsage(usage: Usage): CompletionUsage {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens, cache_write_tokens: usage.cacheWriteTokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  };
}
