import type { LoggedEvent } from '../../shared/events/rules/event.ts';

/**
 * Where one watcher is. Events are let through only when they follow the one before without a hole: text with
 * a piece missing would be wrong, and nobody would know. After a hole nothing passes until the text starts
 * anew or the job ends.
 */
export class Cursor {
  #sent: number;
  #seen: number;
  #found = 0;
  #hole = false;

  constructor(after: number) {
    this.#sent = after;
    this.#seen = after;
  }

  /** Id of the last event the watcher has. */
  get sent(): number {
    return this.#sent;
  }

  /** Id of the last event looked at, given to the watcher or not. */
  get seen(): number {
    return this.#seen;
  }

  /** Id of the last event that was really there, 0 when none was. */
  get found(): number {
    return this.#found;
  }

  /**
   * Those of the signals that may be passed on; null when one is missing before them, which the log may still
   * have.
   */
  takeSignal(signals: LoggedEvent[]): LoggedEvent[] | null {
    const fresh = signals.filter(({ id }) => id > this.#seen);
    const gap = fresh.some(({ id }, index) => id !== this.#seen + 1 + index);
    return gap ? null : this.takeLogged(fresh);
  }

  /** Those of the log's events that may be passed on. What is missing here is gone. */
  takeLogged(events: LoggedEvent[]): LoggedEvent[] {
    return events.filter((event) => this.#examine(event));
  }

  advance(id: number): void {
    this.#sent = Math.max(this.#sent, id);
    this.#seen = Math.max(this.#seen, id);
  }

  #examine(event: LoggedEvent): boolean {
    if (event.id <= this.#seen) return false;
    if (event.id !== this.#seen + 1) this.#hole = true;
    // Whatever was lost before a reset was text that no longer counts.
    if (event.type === 'output.reset') this.#hole = false;
    this.#seen = event.id;
    this.#found = event.id;
    if (this.#hole) return false;
    this.#sent = event.id;
    return true;
  }
}
