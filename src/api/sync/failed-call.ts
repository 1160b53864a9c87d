import { Refusal } from '../../shared/errors.ts';
import { refusalOf } from '../../shared/jobs/rules/failed-job.ts';
import type { JobRecord } from '../../shared/jobs/rules/job-row.ts';

/** Why a call has no answer, as the refusal its client gets: the same words as in the job's `error.type`. */
export function failedCall({ error, state }: Pick<JobRecord, 'error' | 'state'>): Refusal {
  if (error !== null) return refusalOf(error);
  return new Refusal('expired', `The call was not answered in time; its job is ${state}`);
}
