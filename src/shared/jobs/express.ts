import type { Delta, PassedEvent } from '../chat/chat.ts';
import type { ExpressClaim, JobIntake } from './sql/accept-jobs.ts';
import type { JobEnding } from './sql/settle-jobs.ts';

/**
 * The short way of a call whose client waits: the statement that accepts its job also claims it, and the
 * process that accepted it runs it at once. No ticket, no queue. What is written of the job, its lease and
 * its fence are the same as for any run, so that whoever repairs the others repairs it.
 */
export type Express = {
  /**
   * A slot of this process and a pass of the gate for a call that would begin now. Null when there is none,
   * and the call queues like any other.
   */
  reserve(call: ReservedCall): Promise<ExpressSlot | null>;
};

/** `tokens`: what it may take of its provider's tokens per minute. */
export type ReservedCall = { jobId: string; provider: string; model: string; tokens: number };

/** What was reserved: to be used for a run or released, once. */
export type ExpressSlot = {
  claim: ExpressClaim;
  run(intake: JobIntake, listeners: OutputListeners): Promise<JobEnding | null>;
  /**
   * Whether the job was accepted is not known: runs it, for nobody, if it turns out to be claimed by this
   * process. Nobody else would before its lease has ended. Never rejects.
   */
  runIfClaimed(intake: JobIntake): Promise<void>;
  /** The job was refused, or waits in line. */
  release(): void;
};

/** Who reads the output as it comes. */
export type OutputListeners = { onDelta(delta: Delta): void; onPassed(event: PassedEvent): void };

/**
 * Runs a job that was claimed where it was accepted. Resolves with how it ended, once that is stored; with
 * null when it goes on elsewhere. Never rejects.
 */
export type ExpressRun = (listeners: OutputListeners) => Promise<JobEnding | null>;
