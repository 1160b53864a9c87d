import type { Hold, JobCore } from '../../src/shared/jobs/rules/transitions.ts';
import type { DeliveryCore } from '../../src/shared/webhooks/rules/transitions.ts';
import type { Account } from './money.ts';

/** `isLost`: its worker was gone when it was closed. */
export type Attempt = { number: number; outcome: string; isLost?: boolean };

/** A webhook owed, and what its receiver must see. */
export type Delivery = {
  core: DeliveryCore;
  job: StoredJob;
  eventId: string;
  body: string;
  isGone: boolean;
  /** What the checks remember: not to be posted before. */
  notBeforeMs: number;
};

/** What a client submits. The key is its own, the same each time it asks. */
export type Submission = {
  key: string;
  account: Account;
  holdNano: bigint;
  maxAttempts: number;
  targets: string[];
  deadlineMs: number;
  hasWebhook: boolean;
  /** The receiver says that nobody wants webhooks any more (410). */
  isGone: boolean;
};

/** What the checks remember of a job by themselves, so that they do not ask the moves they check. */
export type Witness = {
  /** How many times it was ended. */
  endings: number;
  /** Calls after which the job was requeued without counting a try. */
  uncounted: number;
  /** Not to be ticketed before, and not to be taken from its worker before. */
  notBeforeMs: number;
  leaseEndMs: number;
  isCancelAsked: boolean;
};

export type StoredJob = {
  id: string;
  submission: Submission;
  core: JobCore;
  target: number;
  hold: Hold;
  attempts: Attempt[];
  charges: bigint[];
  /** The completion of which call, when it succeeded. */
  result: string | null;
  deliveries: Delivery[];
  ticketedAtMs: number | null;
  /** Of the intake that would run it. */
  intakeId: number | null;
  /** Who claimed it last. */
  worker: string | null;
  finishedAtMs: number | null;
  witness: Witness;
  history: string[];
};

/** What says in the queue that a job may run, and through whose gate. */
export type Ticket = { job: StoredJob; generation: number; provider: string };

/** The tables. */
export type Store = {
  jobs: StoredJob[];
  /** Those that were not final when last looked at, for those who look at them all. */
  open: StoredJob[];
  keys: Map<string, StoredJob>;
  deliveries: Delivery[];
  /** Known to the queue too, until the queue loses its data. */
  epoch: number;
};

/** What a claim gives a worker: the job as it was, with the attempt that is the worker's. */
export type Claimed = {
  job: StoredJob;
  fence: number;
  tries: number;
  target: number;
  provider: string;
  deadlineAtMs: number;
};

/** Why a run was stopped before its provider answered. */
export type StopReason = 'cancelled' | 'expired' | 'shutdown' | 'lost';

/** A ticket in the queue: waiting for a worker from a time on, or with one until its lock ends. */
export type QueuedTicket = {
  ticket: Ticket;
  state: 'waiting' | 'active';
  fromMs: number;
  lockUntilMs: number;
};

/** What a provider executed, whether or not anybody heard of it: the witness that is not the gateway's. */
export type MeterEntry = {
  jobId: string;
  attempt: number;
  billedNano: bigint;
  /** Whether the answer reports what was used. */
  isUsageReported: boolean;
};
