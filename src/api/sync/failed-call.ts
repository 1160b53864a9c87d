import { Refusal } from '../../shared/errors.ts';
import { refusalOf } from '../../shared/jobs/rules/failed-job.ts';
import type { JobRecord } from '../../shared/jobs/rules/job-row.ts';

/**
 * Why a call has no answer, as the refusal its client gets: the same words as in the job's `error.type`. Of a
 * job that succeeded the answer was erased: its client asked again after somebody deleted it.
 */
export function failedCall({ error, state }: Pick<JobRecord, 'error' | 'state'>): Refusal {
  if (error !== null) return refusalOf(error);
  if (state === 'succeeded') return new Refusal('invalid_state', 'The answer of this call was erased');
  return new Refusal('expired', `The call was not answered in time; its job is ${state}`);
}
