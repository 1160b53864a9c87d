import type { Random } from '../stack/random.ts';

/** The highest probability of each fault, at each place where it can happen. */
const highest = {
  /** A process dies, or stands still for longer than its lease; asked at every step. */
  crash: 0.08,
  pause: 0.06,
  /** A worker is asked to stop, and requeues its runs. */
  shutdown: 0.05,
  /** A commit fails; a commit is made and its answer lost; the database is unavailable for seconds. */
  commitFails: 0.1,
  commitUnanswered: 0.08,
  databaseUnavailable: 0.02,
  /** A client never reads the answer to its submission. */
  submissionUnanswered: 0.15,
  /** The queue is emptied; a ticket is lost, handed out twice, or out of turn. */
  queueFlushed: 0.03,
  ticketLost: 0.05,
  ticketDoubled: 0.1,
  ticketOutOfTurn: 0.5,
  gateShut: 0.2,
  /**
   * The provider is slow, does not execute, fails, is cut off, bills beyond the hold, does not say what it
   * used.
   */
  slow: 0.2,
  refused: 0.25,
  failed: 0.1,
  cut: 0.2,
  overrun: 0.2,
  usageUnsaid: 0.1,
  /** The receiver answers with an error; it took the webhook but its answer is lost. */
  receiverFails: 0.4,
  receiverUnanswered: 0.15,
};

export type FaultName = keyof typeof highest;
export type FaultRates = Readonly<Record<FaultName, number>>;

const faultNames = Object.keys(highest) as FaultName[];

/**
 * Rates for one run. A fault is often left out, since faults that hide each other find less than one alone.
 */
export function drawRates(random: Random): FaultRates {
  const drawn = faultNames.map((name) => [name, random.chance(0.4) ? 0 : highest[name] * random.next()]);
  return Object.fromEntries(drawn) as FaultRates;
}

/** A counter per fault, all at nought. */
export function countNone(): Record<FaultName, number> {
  return Object.fromEntries(faultNames.map((name) => [name, 0])) as Record<FaultName, number>;
}

export const noFaults: FaultRates = countNone();
