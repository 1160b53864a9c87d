import { Refusal } from '../../shared/domain/errors.ts';
import type { JobRecord } from '../../shared/domain/job.ts';

/** Why a call has no answer, as the refusal its client gets: the same words as in the job's `error.type`. */
export function failedCall({ error, state }: Pick<JobRecord, 'error' | 'state'>): Refusal {
  if (error === null) return new Refusal('expired', `The call was not answered in time; its job is ${state}`);
  // A cancelled job has an end its own client did not ask for: an operator's, or another client's of the same account.
  if (error.type === 'cancelled') return new Refusal('provider_failed', error.message);
  return new Refusal(error.type, error.message);
}
