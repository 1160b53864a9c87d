import type { Log } from '../platform/log.ts';
import { waitAtMost } from '../platform/wait-at-most.ts';
import type { EventLog } from './event-log.ts';

export type WriterOptions = {
  jobId: string;
  attempt: number;
  provider: string;
  /** The upstream of this attempt, as it is shown in `job.started`. */
  model: string;
  /** Whether output is written as it comes; if not, nothing is written at all. */
  stream: boolean;
  /** Id of the last event that Postgres knows of. */
  lastSeq: number;
  /** When the job was accepted, in ms of the epoch. */
  createdAtMs: number;
};

export type Outgoing = { type: string; fields: string };

export type SenderDeps = {
  events: Pick<EventLog, 'open' | 'append'>;
  log: Log;
  /** Called after each batch, with whether anybody watched it being written. */
  onWritten(isWatched: boolean): void;
};

const retryMs = 200;
/**
 * How long an attempt that is over may wait for its last events to be written; less when the last try to
 * write failed.
 */
const closeMsMax = 1000;
const failingMsMax = 250;
/**
 * How much may wait while Redis is unavailable; when there is more it is given up, and watchers get a
 * snapshot at the end.
 */
const waitingCharactersMax = 1024 * 1024;
const batchMax = 200;
/** No job writes more events than this in its life; ids stay far below what a column of integers holds. */
const idsPerhapsUsedMax = 100_000_000;

/**
 * Sends the events of one attempt of a job that streams to the log, in order and in batches, one at a time.
 * Ids are given when events leave, after the log was opened, so an attempt goes on where the one before it
 * ended even if that one's worker was lost.
 *
 *     write ──▶ queue ──▶ batch of at most 200 ──▶ log in Redis
 *                 │           ids base + count + 1, …; count grows when the log has them
 *                 │
 *                 ├─ Redis unavailable: the batch is sent again every 200 ms, and the queue grows
 *                 └─ the queue is over a mebibyte: all of it is given up; count grows by what was in it, so
 *                    that a watcher sees a hole in the ids and reads the text from Postgres at the end
 *
 *     NEW ──first batch──▶ open the log: base = the last id there ──▶ OPEN ──close──▶ CLOSED
 *      │                     │ an earlier attempt wrote text, or events may be lost:
 *      │                     └─▶ `output.reset` goes first
 *      └── the log has a newer attempt, at any time ──▶ OVERTAKEN: nothing is written any more
 *
 * `close` waits a second at most. Where events are left in the queue then, the attempt ends with
 * an id that nobody can have seen: the hole before it makes watchers read the whole text.
 */
export class EventSender {
  readonly #deps: SenderDeps;
  readonly #options: WriterOptions;
  #queue: Outgoing[] = [];
  #size = 0;
  /** The last id is `base + count`: what was there before this attempt, and what it wrote or gave up. */
  #base: number;
  #count = 0;
  #state: 'new' | 'open' | 'overtaken' | 'closed' = 'new';
  #failing = false;
  #sending: Promise<void> | null = null;

  constructor(deps: SenderDeps, options: WriterOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#base = options.lastSeq;
  }

  /** Queues events; never waits. */
  write(events: Outgoing[]): void {
    if (this.#state === 'overtaken' || this.#state === 'closed') return;
    this.#queue.push(...events);
    this.#size += sizeOf(events);
    if (this.#size > waitingCharactersMax) this.#giveUp();
    this.#sending ??= this.#sendAll();
  }

  /**
   * Waits for what is queued, with a bound, and takes nothing more; the last id. When not all of it is known
   * to have got there it is an id nobody has seen: a watcher finds a hole before the end, and gets the whole
   * text, whatever it had been shown before.
   */
  async close(): Promise<number> {
    if (this.#sending !== null) await waitAtMost(failingMsMax, this.#sending);
    if (this.#sending !== null && !this.#failing) await waitAtMost(closeMsMax - failingMsMax, this.#sending);
    if (this.#state !== 'overtaken') this.#state = 'closed';
    const last = this.#base + this.#count + this.#queue.length;
    if (this.#queue.length === 0) return last;
    return Math.max(last, this.#idsPerhapsUsed());
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0 && (this.#state === 'new' || this.#state === 'open')) {
      try {
        if (this.#state === 'new') await this.#open();
        else await this.#sendBatch();
        this.#failing = false;
      } catch (error) {
        this.#failing = true;
        this.#deps.log.debug({ job_id: this.#options.jobId, error }, 'events wait for redis');
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    this.#sending = null;
  }

  async #open(): Promise<void> {
    const { jobId, attempt, provider, model } = this.#options;
    const target = `${provider} ${model}`;
    const found = await this.#deps.events.open(jobId, attempt, target);
    if (this.#state !== 'new') return;
    this.#state = found === null ? 'overtaken' : 'open';
    if (found === null) return;
    this.#base = Math.max(this.#base, found.last);
    // Somebody may have seen events that the log does not have: the log lacks the attempt before, or events
    // that Postgres has a record of, or it is what a Redis that was restarted since had saved.
    const isLost =
      attempt > 1 && (found.previousTarget === null || found.restarted || found.last < this.#options.lastSeq);
    if (!found.hasText && !isLost) return;
    if (isLost) this.#base = Math.max(this.#base, this.#idsPerhapsUsed());
    const reason = (found.previousTarget ?? target) === target ? 'retry' : 'fallback';
    const reset = { type: 'output.reset', fields: JSON.stringify({ attempt, reason }) };
    this.#queue.unshift(reset);
    this.#size += sizeOf([reset]);
  }

  /**
   * More than this attempt and those before it can have written: there is less than an event a millisecond.
   */
  #idsPerhapsUsed(): number {
    const sinceMs = Date.now() - this.#options.createdAtMs;
    return this.#options.lastSeq + Math.min(idsPerhapsUsedMax, Math.max(0, sinceMs));
  }

  async #sendBatch(): Promise<void> {
    const { jobId, attempt } = this.#options;
    const batch = this.#queue.slice(0, batchMax);
    const firstId = this.#base + this.#count + 1;
    const appended = await this.#deps.events.append(jobId, { attempt, firstId, events: batch });
    if (appended === null) this.#state = 'overtaken';
    else this.#deps.onWritten(appended.isWatched);
    // Given up or counted at closing meanwhile: the ids are spoken for already.
    if (this.#state !== 'open' || this.#queue[0] !== batch[0]) return;
    this.#queue = this.#queue.slice(batch.length);
    this.#size -= sizeOf(batch);
    this.#count += batch.length;
  }

  #giveUp(): void {
    const { jobId } = this.#options;
    this.#deps.log.warn({ job_id: jobId, events: this.#queue.length }, 'events were given up: redis is away');
    this.#count += this.#queue.length;
    this.#queue = [];
    this.#size = 0;
  }
}

function sizeOf(events: Outgoing[]): number {
  return events.reduce((sum, { fields }) => sum + fields.length + 60, 0);
}
