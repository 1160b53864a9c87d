import type { EventFeed, Subscription } from '../../shared/events/event-feed.ts';
import type { LoggedEvent } from '../../shared/events/rules/event.ts';
import { waitAtMost } from '../../shared/platform/wait-at-most.ts';

/** Signals that nobody took yet; beyond this they are dropped and read from the log instead. */
const waitingCharactersMax = 256 * 1024;
/** Redis may be away: watching begins without the subscription after this long. */
const readyMsMax = 250;

/**
 * What happened since the last time: signals in order, and whether the log or the row should be looked at.
 */
type Taken = { signals: LoggedEvent[]; pollRow: boolean; pollLog: boolean };

/** Takes signals the moment they come; false when it cannot, and they wait like all others. */
type PassOn = (signals: LoggedEvent[]) => boolean;

/** Gathers the signals of one job for one watcher, who may be slow: what waits is bounded. */
export class Inbox {
  readonly jobId: string;
  readonly #signal: AbortSignal;
  readonly #subscription: Subscription;
  readonly #wake = () => {
    this.#waiting?.();
    this.#waiting = null;
  };
  #passOn: PassOn | null = null;
  /** Null unless somebody waits who has taken everything. */
  #waiting: (() => void) | null = null;
  #signals: LoggedEvent[] = [];
  #size = 0;
  #lookAtRow = true;
  #lookAtLog = true;
  #silent = true;

  constructor(feed: EventFeed, jobId: string, signal: AbortSignal) {
    this.jobId = jobId;
    this.#signal = signal;
    this.#subscription = feed.listen(jobId, (signals) => this.#receive(signals));
    signal.addEventListener('abort', this.#wake, { once: true });
    // Whatever was published before the subscription was on is in the log.
    void this.#subscription.ready.then((on) => on && this.look('log'));
  }

  async ready(): Promise<void> {
    await waitAtMost(readyMsMax, this.#subscription.ready);
  }

  /**
   * Waits until there is something to take or the signal aborted. Signals that `passOn` takes meanwhile end
   * no waiting: of thousands of streams, a promise for each event would be alive, and moved, at every
   * collection of young objects.
   */
  wait(passOn: PassOn | null = null): Promise<void> {
    return new Promise((resolve) => {
      this.#passOn = passOn;
      this.#waiting = resolve;
      if (this.#signals.length > 0 || this.#lookAtRow || this.#lookAtLog || this.#signal.aborted)
        this.#wake();
    });
  }

  take(): Taken {
    const taken = { signals: this.#signals, pollRow: this.#lookAtRow, pollLog: this.#lookAtLog };
    this.#signals = [];
    this.#size = 0;
    this.#lookAtRow = false;
    this.#lookAtLog = false;
    return taken;
  }

  look(at: 'row' | 'log'): void {
    if (at === 'row') this.#lookAtRow = true;
    else this.#lookAtLog = true;
    this.#wake();
  }

  /** Whether nothing has come since this was last asked. */
  takeSilence(): boolean {
    const was = this.#silent;
    this.#silent = true;
    return was;
  }

  end(): void {
    this.#subscription.end();
    this.#signal.removeEventListener('abort', this.#wake);
  }

  #receive(events: LoggedEvent[]): void {
    this.#silent = false;
    if (this.#waiting !== null && events.length > 0 && this.#passOn?.(events) === true) return;
    if (events.length === 0) this.#lookAtRow = true;
    this.#signals.push(...events);
    this.#size += events.reduce((sum, { fields }) => sum + fields.length, 0);
    if (this.#size > waitingCharactersMax) {
      this.#signals = [];
      this.#size = 0;
      this.#lookAtLog = true;
    }
    this.#wake();
  }
}
