import { V7Generator } from 'uuidv7';

/**
 * What an id names; the prefix stands before a UUIDv7, so ids of one kind sort by the time they were made.
 */
export type IdPrefix =
  | 'job'
  | 'hold'
  | 'evt'
  | 'dlv'
  | 'acct'
  | 'req'
  | 'batch'
  | 'msgbatch'
  | 'file'
  | 'whe'
  | 'rec'
  | 'wrk';

// The library's own source asks the system for 32 bytes at a time, which is most of what an id costs.
const pool = new Uint32Array(1024);
let used = pool.length;
const generator = new V7Generator({
  nextUint32: () => {
    if (used === pool.length) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    return pool[used++] as number;
  },
});

/**
 * A new id such as `job_0198c5e27b1c7d3e9a4f5b6c7d8e9f00`: no colons and never all digits, as BullMQ asks of
 * ids.
 */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${generator.generate().toHex()}`;
}

/**
 * What follows the prefix of an id. A thing that has several names has it in all of them: `resp_…` is the
 * response of `job_…`.
 */
export function suffixOf(id: string): string {
  return id.slice(id.indexOf('_') + 1);
}

/** The id of the response that a job answers. */
export function responseIdOf(jobId: string): string {
  return `resp_${suffixOf(jobId)}`;
}

/**
 * The id a provider sees for one attempt; the same attempt has the same id in the database, the log and the
 * meter.
 */
export function attemptId(jobId: string, attempt: number): string {
  return `att_${suffixOf(jobId)}_${attempt}`;
}
