import { createSlots } from '../slots.ts';
import { type GroupFault, rejectAll, resolveAll, type Waiter } from './group-waiter.ts';

export type GroupPartsOptions<Item, Result> = {
  /** Takes from the front what fits into one statement. */
  takeGroup(from: Waiter<Item, Result>[]): Waiter<Item, Result>[];
  commit(items: Item[]): Promise<Result[]>;
  faultOf(error: unknown): GroupFault;
  laneOf?(item: Item): string;
  /** Takes back what came for a lane that shares statements again. */
  rejoin(waiters: Waiter<Item, Result>[]): void;
};

/**
 * Statements of parts that are under way at once: each may wait for a lock, and the connections are
 * everybody's.
 */
const statementsMax = 3;
/** A part that had no statement in this time fails; its callers had better know. */
const maxWaitMs = 5000;
/** What comes for a row that was locked a moment ago does not share a statement with others. */
const wardMs = 10_000;

type Lane<Item, Result> = { waiting: Waiter<Item, Result>[]; running: boolean; until: number };

/**
 * What becomes of a group whose statement failed. It is taken apart beside the statements of those who came
 * after it, which do not wait for it:
 *
 * - because of an item, into halves, and again the half that fails, until the item stands alone;
 * - because of a lock, into lanes. A lane that still waits for the lock stays apart for a while, and what
 *   comes for it meanwhile joins it there instead of stopping the next group.
 */
export function createGroupParts<Item, Result>(options: GroupPartsOptions<Item, Result>) {
  const { laneOf } = options;
  const slots = createSlots(statementsMax);
  const lanes = new Map<string, Lane<Item, Result>>();

  /**
   * Has one statement for these; what fails of it is thrown to its callers. Says whose fault it was that
   * something did.
   */
  async function commitPart(part: Waiter<Item, Result>[]): Promise<GroupFault | null> {
    const release = await slots.take(maxWaitMs);
    if (release === null) {
      rejectAll(part, new PartNotTried());
      return 'lock';
    }
    try {
      const results = await options.commit(part.map((waiter) => waiter.item));
      resolveAll(part, results);
      return null;
    } catch (error) {
      const fault = options.faultOf(error);
      if (fault === 'item' && part.length > 1) void commitHalves(part);
      else rejectAll(part, error);
      return fault;
    } finally {
      release();
    }
  }

  async function commitHalves(group: Waiter<Item, Result>[]): Promise<void> {
    const middle = Math.ceil(group.length / 2);
    await commitPart(group.slice(0, middle));
    await commitPart(group.slice(middle));
  }

  async function run(name: string, lane: Lane<Item, Result>): Promise<void> {
    lane.running = true;
    // Later, so that all that is added now has one statement.
    await Promise.resolve();
    do {
      const fault = await commitPart(options.takeGroup(lane.waiting));
      if (fault === 'lock') lane.until = Date.now() + wardMs;
    } while (lane.waiting.length > 0 && lane.until > Date.now());
    lane.running = false;
    if (lane.until > Date.now()) return;
    lanes.delete(name);
    options.rejoin(lane.waiting);
  }

  function add(name: string, waiter: Waiter<Item, Result>): void {
    const lane = lanes.get(name) ?? { waiting: [], running: false, until: 0 };
    lanes.set(name, lane);
    lane.waiting.push(waiter);
    if (!lane.running) void run(name, lane);
  }

  function dropIdleLanes(): void {
    const now = Date.now();
    for (const [name, lane] of lanes) if (!lane.running && lane.until <= now) lanes.delete(name);
  }

  return {
    /** Takes a group apart whose statement failed. */
    take(group: Waiter<Item, Result>[], fault: GroupFault): void {
      dropIdleLanes();
      if (fault === 'item') void commitHalves(group);
      else if (laneOf === undefined) for (const waiter of group) void commitPart([waiter]);
      else for (const waiter of group) add(laneOf(waiter.item), waiter);
    },

    /** Takes a new item in whose lane is apart at the moment; false when it goes with all others. */
    join(waiter: Waiter<Item, Result>): boolean {
      if (laneOf === undefined || lanes.size === 0) return false;
      const name = laneOf(waiter.item);
      const lane = lanes.get(name);
      if (lane === undefined) return false;
      if (!lane.running && lane.until <= Date.now()) {
        lanes.delete(name);
        return false;
      }
      add(name, waiter);
      return true;
    },
  };
}

/**
 * The parts before it took too long. Says so as a lock that was not to be had, which is what they wait for.
 */
class PartNotTried extends Error {
  readonly code = '55P03';
  constructor() {
    super('too many statements wait for locks');
  }
}
