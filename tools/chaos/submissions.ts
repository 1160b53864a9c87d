import type { Random } from '../stack/random.ts';
import type { ChaosSubmission } from './client.ts';

/** What a provider does wrong, once, as the simulator's markers have it. */
const providerFaults = [
  '429 retry_after=1',
  '429',
  '429 retry_after=garbage',
  '429 retry_after=0',
  '500',
  '502',
  '503',
  '503 retry_after=1',
  '529',
  'slow ms=700',
  'trickle ms=1',
  'reset',
  'cut at=1',
  'cut at=3',
  'malformed',
  'html',
  'empty',
  'no_finish',
  'stream_error',
  'no_usage',
  'absurd_usage',
  'absurd_usage value=-5',
  'absurd_usage value=1.5',
  'absurd_usage value=null',
  'large mb=1',
  'code status=400',
  'code status=401',
  'quota',
] as const;

const models = ['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'] as const;

/**
 * What shuts a model for a minute happens on one that nobody else needs, and only a fallback gets past it.
 */
const parksItsModel = new Set<string>(['quota', 'code status=401']);
const parkedModel = 'openai/gpt-4o-mini';

export type PlannedSubmission = {
  submission: ChaosSubmission;
  /** Fault the provider is asked to show, by name; null for none. */
  providerFault: string | null;
  /** The user asks for its cancellation a moment after it was accepted. */
  isCancelled: boolean;
  isWatched: boolean;
};

/**
 * A submission as some user might give it: any provider, streamed or not, with fallbacks, deadlines and
 * second thoughts.
 */
export function makeSubmission(random: Random, providerFaultShare: number): PlannedSubmission {
  const fault = random.chance(providerFaultShare) ? random.pick(providerFaults) : null;
  const hangs = fault === null && random.chance(providerFaultShare / 10);
  const isParked = fault !== null && parksItsModel.has(fault);
  const model = isParked ? parkedModel : random.pick(models);
  const others = models.filter((other) => other !== model);
  const stream = random.chance(0.35);
  const providerFault = hangs ? 'hang' : fault;
  const fallbacks = isParked || random.chance(0.2) ? random.shuffle(others).slice(0, 1 + random.int(2)) : [];
  const expiresSoon = hangs || random.chance(0.03);
  // A call has no fallback and no deadline of its own: it would wait for ten minutes.
  const isCall = !hangs && !isParked && random.chance(0.3);
  return {
    providerFault,
    isCancelled: random.chance(0.05),
    isWatched: !isCall && stream && random.chance(0.5),
    submission: {
      text: `${'Say more of it. '.repeat(random.int(6))}${markerOf(providerFault)}`,
      model,
      maxTokens: 16 + random.int(120),
      stream,
      webhook: random.chance(0.6),
      isCall,
      more: {
        priority: random.pick(['interactive', 'background', 'batch']),
        max_attempts: 10,
        fallbacks,
        ...(expiresSoon ? { expires_in_seconds: 2 + random.int(4) } : {}),
      },
    },
  };
}

/** A silent provider stays silent: only a deadline ends that. */
function markerOf(fault: string | null): string {
  if (fault === null) return '';
  return fault === 'hang' ? '[[fault:hang]]' : `[[fault:${fault} times=1]]`;
}
