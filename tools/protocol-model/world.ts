import type { Random } from '../stack/random.ts';
import type { FaultName, FaultRates } from './fault-rates.ts';
import type { Guards } from './guards.ts';
import type { MeterEntry, QueuedTicket, Store, StoredJob } from './records.ts';
import type { Schedule } from './schedule.ts';

/** A broken promise, with everything that happened to the job it was made to. */
export type Violation = { seed: number; rule: string; detail: string; history: string[] };

/** Everything one run shares. Its parts never talk to each other but through it. */
export type World = {
  random: Random;
  guards: Guards;
  schedule: Schedule;
  /** All zero once the faults are over. */
  rates: FaultRates;
  store: Store;
  /** `epoch` is what it remembers of the store's: null once it was emptied. */
  queue: { tickets: Map<string, QueuedTicket>; epoch: number | null };
  meter: MeterEntry[];
  /** The bytes of each event that was received. */
  received: Map<string, string>;
  faults: Record<FaultName, number>;
  /** Until then the database answers nobody. */
  unavailableUntilMs: number;
  /** Asks whether a fault happens here and now; one that does is counted. */
  meets(fault: FaultName): boolean;
  /** A line in the history of a job; its parts are joined only when somebody will read it. */
  note(job: StoredJob, ...parts: (string | number | bigint | null)[]): void;
  /** The first of each rule and job. */
  violations: Map<string, Violation>;
  violate(rule: string, detail: string, job: StoredJob | null): void;
  /** To be yielded between two steps of a process that may die there. */
  step(): number;
};
