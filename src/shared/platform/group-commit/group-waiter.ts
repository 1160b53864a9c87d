/** How one caller of a group came out: its own result, or its own error. */
export type Waiter<Item, Result> = {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
};

/**
 * Whose fault it is that a group's statement failed: `item`, one that the database cannot take; `lock`, a row
 * that somebody else has locked for long; `nobody`, the database is away, and all items fail with it.
 */
export type GroupFault = 'item' | 'lock' | 'nobody';

/** Gives each caller its own result; an answer for another number of items is everybody's failure. */
export function resolveAll<Item, Result>(group: Waiter<Item, Result>[], results: Result[]): void {
  if (results.length !== group.length) {
    rejectAll(group, new Error('a group statement answered for another number of items'));
    return;
  }
  for (const [index, waiter] of group.entries()) waiter.resolve(results[index] as Result);
}

/** Gives every caller of a group the same error. */
export function rejectAll<Item, Result>(group: Waiter<Item, Result>[], error: unknown): void {
  for (const waiter of group) waiter.reject(error);
}
