import type { LoggedEvent } from '../domain/event.ts';
import type { EventFeed } from '../events/event-feed.ts';

/** News that nobody took yet; beyond this they are dropped and read from the log instead. */
const waitingCharactersMax = 256 * 1024;
/** Redis may be away: watching begins without the subscription after this long. */
const readyMsMax = 250;

/** What happened since the last time: news in order, and whether the log or the row should be looked at. */
export type Inbox = {
  ready(): Promise<void>;
  /** Waits until something happened or the signal aborted. */
  wait(): Promise<void>;
  take(): { news: LoggedEvent[]; lookAtRow: boolean; lookAtLog: boolean };
  look(at: 'row' | 'log'): void;
  /** True when nothing has come since it was last asked. */
  wasSilent(): boolean;
  end(): void;
};

/** Gathers the news of one job for one watcher, who may be slow: what waits is bounded. */
export function openInbox(feed: EventFeed, jobId: string, signal: AbortSignal): Inbox {
  let news: LoggedEvent[] = [];
  let size = 0;
  let lookAtRow = true;
  let lookAtLog = true;
  let silent = true;
  let wake: () => void = () => undefined;

  const subscription = feed.listen(jobId, (events) => {
    silent = false;
    if (events.length === 0) lookAtRow = true;
    news.push(...events);
    size += events.reduce((sum, { fields }) => sum + fields.length, 0);
    if (size > waitingCharactersMax) {
      news = [];
      size = 0;
      lookAtLog = true;
    }
    wake();
  });
  const onAbort = () => wake();
  signal.addEventListener('abort', onAbort, { once: true });

  function look(at: 'row' | 'log'): void {
    if (at === 'row') lookAtRow = true;
    else lookAtLog = true;
    wake();
  }
  // Whatever was published before the subscription was on is in the log.
  void subscription.ready.then((on) => on && look('log'));

  return {
    ready: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, readyMsMax);
      });
      await Promise.race([subscription.ready, late]);
      clearTimeout(timer);
    },
    wait: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
        if (news.length > 0 || lookAtRow || lookAtLog || signal.aborted) resolve();
      }),
    take: () => {
      const taken = { news, lookAtRow, lookAtLog };
      news = [];
      size = 0;
      lookAtRow = false;
      lookAtLog = false;
      return taken;
    },
    look,
    wasSilent: () => {
      const was = silent;
      silent = true;
      return was;
    },
    end: () => {
      subscription.end();
      signal.removeEventListener('abort', onAbort);
    },
  };
}
