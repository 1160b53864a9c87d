/** The stored states. Outside, waiting and ticketed are both `queued`. */
export type JobState = 'waiting' | 'ticketed' | 'running' | FinalState;
export type FinalState = 'succeeded' | 'failed' | 'cancelled' | 'expired';

export const finalStates: readonly FinalState[] = ['succeeded', 'failed', 'cancelled', 'expired'];

/** Lanes go before each other in this order; the index is what is stored. */
export const lanes = ['interactive', 'background', 'batch'] as const;
export type Lane = (typeof lanes)[number];

/** Where a job can be submitted: the native API, or a surface of another one's shape. */
export type Surface = 'jobs' | 'chat' | 'messages' | 'responses' | 'batches';

/** As what webhooks report the end of a job. */
export type WebhookObject = 'job' | 'response';

/**
 * Whether a job answers a call whose client reads along: it streams, and announces its end to nobody else.
 */
export function isLiveStream(job: { stream: boolean; announces: WebhookObject | null }): boolean {
  return job.stream && job.announces === null;
}

/** Why a job failed, expired or was cancelled, as the account sees it. */
export type JobError = {
  type:
    | 'provider_rejected'
    | 'provider_auth'
    | 'provider_failed'
    | 'provider_unavailable'
    | 'outcome_unknown'
    | 'expired'
    | 'cancelled';
  message: string;
  provider_status: number | null;
  /** The provider's own code; left out when it gave none. */
  provider_code?: string;
};

export function isFinal(state: JobState): state is FinalState {
  return (finalStates as readonly string[]).includes(state);
}
