import { Refusal } from '../../errors.ts';
import type { JobError } from './job.ts';

/** What SDKs have an error class of its own for, when a provider says it of a request that it was given. */
const ownStatuses = [404, 413];

/**
 * Why a job failed, as the refusal that says the same. A provider's 404 and 413 stay what they are, as when
 * it is called directly, and so does its code: clients shorten their history when it says that the prompt is
 * too long.
 */
export function refusalOf({
  type,
  message,
  provider_status: status,
  provider_code: code,
}: JobError): Refusal {
  // A cancelled job has an end its own client did not ask for: an operator's, or another client's of the same
  // account.
  if (type === 'cancelled') return new Refusal('provider_failed', message);
  if (type !== 'provider_rejected') return new Refusal(type, message);
  return new Refusal(type, message, {
    ...(status !== null && ownStatuses.includes(status) && { status }),
    ...(code !== undefined && { code }),
  });
}
