import { Refusal } from '../errors.ts';
import { FairQueue } from './fair-queue.ts';
import { Thread, type ThreadSettings, type ThreadWork } from './thread.ts';

/** So much may wait: beyond it its sender had better come back later. */
const waitingMax = 1024;
const waitingOfOneMax = 64;
const retryAfterMs = 2000;

type Waiting = ThreadWork & { resolve(answer: unknown): void; reject(error: unknown): void };

export type ThreadPool = {
  /**
   * Has the work done by the next free thread, accounts in turns. Rejects with ThreadEnded, or a Refusal when
   * too much waits.
   */
  run(accountId: string, work: ThreadWork): Promise<unknown>;
  /** Ends the threads; what is under way is rejected. */
  stop(): Promise<void>;
};

/**
 * A few threads for work that would stop everybody else on the event loop. They start when they are first
 * needed.
 */
export function createThreadPool(size: number, settings: ThreadSettings): ThreadPool {
  const threads = Array.from({ length: size }, () => new Thread(settings));
  const queue = new FairQueue<Waiting>();

  function next(): void {
    const thread = threads.find(({ isBusy }) => !isBusy);
    const work = thread === undefined ? undefined : queue.take();
    if (thread === undefined || work === undefined) return;
    void thread.run(work).then(work.resolve, work.reject).finally(next);
  }

  return {
    run: (accountId, work) => {
      refuseFull(queue, accountId);
      return new Promise((resolve, reject) => {
        queue.add(accountId, { ...work, resolve, reject });
        next();
      });
    },
    stop: async () => {
      await Promise.allSettled(threads.map((thread) => thread.stop()));
    },
  };
}

function refuseFull(queue: FairQueue<Waiting>, accountId: string): void {
  if (queue.sizeOf(accountId) >= waitingOfOneMax) {
    const message = `${waitingOfOneMax} large requests of this account wait to be read; send fewer at a time`;
    throw new Refusal('rate_limited', message, { retryAfterMs });
  }
  if (queue.size >= waitingMax) {
    throw new Refusal('unavailable', 'Too many large requests wait to be read; try again', { retryAfterMs });
  }
}
