import { createEventHeap } from './event-heap.ts';

/**
 * What a process does, as a generator: between two yields nothing else happens, and each yield says for how
 * many ms.
 */
export type Steps = Generator<number, void, undefined>;

/** Processes that die and stand still together, such as one worker's. */
export type Group = {
  name: string;
  pausedUntilMs: number;
  processes: Set<Process>;
  /** Starts its processes: at first, and again after a crash. */
  begin(): void;
};

export type Process = {
  steps: Steps;
  group: Group | null;
  /** The number of the wake-up that counts; any other in the heap is void. */
  turn: number;
};

/** What befalls a group before its next step: nothing, death, or standing still for some ms. */
export type Mishap = null | 'crash' | number;

/** The virtual clock, and everything that runs by it. */
export type Schedule = {
  nowMs: number;
  /** The process whose steps are being taken. */
  current: Process | null;
  start(group: Group | null, steps: Steps): Process;
  /** Takes the next steps of a waiting process now. */
  wake(process: Process): void;
  /** To be yielded: a short wait after which the group may meet a mishap. */
  step(ms: number): number;
  run(untilMs: number, isOver: () => boolean): void;
};

type WakeUp = { atMs: number; submission: number; process: Process; turn: number; isRisky: boolean };

export function createSchedule(deps: {
  mishap(group: Group): Mishap;
  /** How long a group that died stays away. */
  downMs(): number;
  onError(error: unknown): void;
}): Schedule {
  const heap = createEventHeap<WakeUp>();
  let submission = 0;
  let isRisky = false;

  const schedule: Schedule = {
    nowMs: 0,
    current: null,
    start: (group, steps) => {
      const process: Process = { steps, group, turn: 0 };
      group?.processes.add(process);
      wakeAt(process, schedule.nowMs, false);
      return process;
    },
    wake: (process) => {
      if (process.turn >= 0) wakeAt(process, schedule.nowMs, false);
    },
    step: (ms) => {
      isRisky = true;
      return ms;
    },
    run,
  };

  function wakeAt(process: Process, atMs: number, risky: boolean): void {
    process.turn += 1;
    heap.push({ atMs, submission: submission++, process, turn: process.turn, isRisky: risky });
  }

  function run(untilMs: number, isOver: () => boolean): void {
    for (;;) {
      const event = heap.pop();
      if (event === undefined || event.atMs > untilMs || isOver()) return;
      if (event.turn !== event.process.turn) continue;
      schedule.nowMs = event.atMs;
      if (mayGoOn(event)) takeSteps(event.process);
    }
  }

  function mayGoOn({ process, isRisky: risky }: WakeUp): boolean {
    const { group } = process;
    if (group === null) return true;
    const mishap = risky ? deps.mishap(group) : null;
    if (mishap === 'crash') {
      crash(group);
      return false;
    }
    if (mishap !== null) group.pausedUntilMs = schedule.nowMs + mishap;
    if (group.pausedUntilMs <= schedule.nowMs) return true;
    wakeAt(process, group.pausedUntilMs, false);
    return false;
  }

  /** As kill -9 does it: no process of the group takes another step, not even to tidy up. */
  function crash(group: Group): void {
    for (const process of group.processes) process.turn = -1;
    group.processes.clear();
    group.pausedUntilMs = 0;
    schedule.start(null, beginLater(group, deps.downMs()));
  }

  function takeSteps(process: Process): void {
    schedule.current = process;
    isRisky = false;
    try {
      const { value, done } = process.steps.next();
      if (done !== true) {
        wakeAt(process, schedule.nowMs + value, isRisky);
        return;
      }
    } catch (error) {
      deps.onError(error);
    }
    process.turn = -1;
    process.group?.processes.delete(process);
  }

  return schedule;
}

function* beginLater(group: Group, ms: number): Steps {
  yield ms;
  group.begin();
}
