/** How one caller of a group came out: its own result, or its own error. */
type Waiter<Item, Result> = {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
};

export type GroupCommitOptions<Item, Result> = {
  /** One statement for many items; returns one result per item, in order. */
  commit(items: Item[]): Promise<Result[]>;
  /** Bytes an item adds to the statement; one that is larger than `bytesAloneMax` travels by itself. */
  bytesOf(item: Item): number;
  /**
   * What to do when a statement of several items fails: true repeats it item by item, so that an item the database cannot take
   * fails alone. False when the failure was not the items' (the database is away): all of them fail with it.
   */
  isolate(error: unknown): boolean;
};

/** A group is at most this many items and this many bytes, so that one statement stays short. */
const itemsMax = 256;
const bytesMax = 4 * 1024 * 1024;
const bytesAloneMax = 256 * 1024;

/**
 * Turns concurrent calls, of writers or of readers, into few statements. While one statement is in flight, arrivals gather;
 * the next takes all of them in order, within the limits. Alone, a caller waits for nobody. Nobody's failure fails a neighbour.
 *
 * Why: a busy account is one row, locked from a statement's start to its flush. One transaction per job measured 1,500
 * jobs/s there; 64 callers sharing statements measured 35,000.
 */
export function createGroupCommit<Item, Result>(options: GroupCommitOptions<Item, Result>) {
  const waiting: Waiter<Item, Result>[] = [];
  let inFlight = false;

  async function drain(): Promise<void> {
    let tell = () => {};
    while (waiting.length > 0) {
      const committing = commitGroup(takeGroup());
      // Once the next statement is under way: the database works while the callers of the last one go on.
      setImmediate(tell);
      tell = await committing;
    }
    inFlight = false;
    tell();
  }

  function takeGroup(): Waiter<Item, Result>[] {
    let bytes = 0;
    let count = 0;
    for (const waiter of waiting) {
      const size = options.bytesOf(waiter.item);
      const fits = count === 0 || (count < itemsMax && bytes + size <= bytesMax && size <= bytesAloneMax);
      if (!fits) break;
      count += 1;
      bytes += size;
      if (size > bytesAloneMax) break;
    }
    return waiting.splice(0, count);
  }

  /** Runs one statement; what it resolves to tells its callers how they came out. */
  async function commitGroup(group: Waiter<Item, Result>[]): Promise<() => void> {
    try {
      const results = await options.commit(group.map((waiter) => waiter.item));
      if (results.length !== group.length)
        throw new Error('a group statement answered for another number of items');
      return () => {
        for (const [index, waiter] of group.entries()) waiter.resolve(results[index] as Result);
      };
    } catch (error) {
      if (group.length === 1 || !options.isolate(error)) {
        return () => {
          for (const waiter of group) waiter.reject(error);
        };
      }
      for (const waiter of group) (await commitGroup([waiter]))();
      return () => {};
    }
  }

  return (item: Item): Promise<Result> =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      // Started in a later turn of the loop, so that requests read from the socket together share the first statement.
      if (!inFlight) {
        inFlight = true;
        setImmediate(() => void drain());
      }
    });
}
