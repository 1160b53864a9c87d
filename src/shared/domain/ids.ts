import { uuidv7 } from 'uuidv7';

/** What an id names; the prefix stands before a UUIDv7, so ids of one kind sort by the time they were made. */
export type IdPrefix =
  | 'job'
  | 'hold'
  | 'evt'
  | 'dlv'
  | 'acct'
  | 'req'
  | 'batch'
  | 'file'
  | 'whe'
  | 'rec'
  | 'wrk';

/** A new id such as `job_0198c5e27b1c7d3e9a4f5b6c7d8e9f00`: no colons and never all digits, as BullMQ asks of ids. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${uuidv7().replaceAll('-', '')}`;
}

/** The id a provider sees for one attempt; the same attempt has the same id in the database, the log and the meter. */
export function attemptId(jobId: string, attempt: number): string {
  return `att_${jobId.slice(jobId.indexOf('_') + 1)}_${attempt}`;
}
