import type { LoggedEvent } from '../domain/event.ts';

/**
 * Where one watcher is. Events are let through only when they follow the one before without a hole: text with a piece
 * missing would be wrong, and nobody would know. After a hole nothing passes until the text starts anew or the job ends.
 */
export function createCursor(after: number) {
  let sent = after;
  let seen = after;
  let fromLog = 0;
  let hole = false;

  function examine(event: LoggedEvent): boolean {
    if (event.id <= seen) return false;
    if (event.id !== seen + 1) hole = true;
    // Whatever was lost before a reset was text that no longer counts.
    if (event.type === 'output.reset') hole = false;
    seen = event.id;
    fromLog = event.id;
    if (hole) return false;
    sent = event.id;
    return true;
  }

  return {
    /** Id of the last event the watcher has. */
    sent: () => sent,
    /** Id of the last event looked at, given to the watcher or not. */
    seen: () => seen,
    /** Id of the last event that was really there, 0 when none was. */
    found: () => fromLog,
    /** Those of the news that may be passed on; null when one is missing before them, which the log may still have. */
    takeNews: (news: LoggedEvent[]): LoggedEvent[] | null => {
      const fresh = news.filter(({ id }) => id > seen);
      const gap = fresh.some(({ id }, index) => id !== seen + 1 + index);
      return gap ? null : fresh.filter(examine);
    },
    /** Those of the log's events that may be passed on. What is missing here is gone. */
    takeLogged: (events: LoggedEvent[]): LoggedEvent[] => events.filter(examine),
    advance: (id: number) => {
      sent = Math.max(sent, id);
      seen = Math.max(seen, id);
    },
  };
}

export type Cursor = ReturnType<typeof createCursor>;
