import { shortWaitMs } from '../../shared/jobs/rules/outcome.ts';
import type { Gate, GatePass } from '../../shared/queue/gate.ts';
import { type Ticket, ticketId } from '../../shared/queue/queue.ts';

/**
 * Whether a ticket may go on to its call now; if not, whether it waits in the queue or goes back to the
 * backlog.
 */
export type Admission =
  | { kind: 'pass'; pass: GatePass }
  | { kind: 'wait'; waitMs: number }
  /** Its provider is paused: the job waits in the backlog where it was. */
  | { kind: 'withdraw' }
  /** The job waits in the backlog; with `onlyElsewhere` only if it has another target, else in the queue. */
  | { kind: 'release'; waitMs: number; onlyElsewhere: boolean };

export type AdmitDeps = {
  gate: Pick<Gate, 'admit'>;
  isPaused(provider: string): boolean;
  /** Answers wait for the database: what a call cost could not be recorded now. */
  answersWait(): boolean;
};

/** While answers wait for the database, a ticket is looked at again after this long. */
const databaseRetryMs = 1000;

/**
 * Asks the gate whether a ticket may go on. A "no" is not an attempt: nothing has been claimed yet and
 * nothing is counted.
 */
export async function admit(deps: AdmitDeps, provider: string, ticket: Ticket): Promise<Admission> {
  // While its provider is paused nothing is ticketed, so the job keeps its position in the order.
  if (deps.isPaused(provider)) return { kind: 'withdraw' };
  if (deps.answersWait()) return { kind: 'wait', waitMs: databaseRetryMs };
  const pass: GatePass = {
    provider,
    model: ticket.model,
    tokens: ticket.tokens,
    slot: ticketId(ticket),
    rank: ticket.priority,
  };
  const admission = await deps.gate.admit(pass);
  if (admission.admitted) return { kind: 'pass', pass };
  const { waitMs, reason } = admission;
  if (waitMs >= shortWaitMs) return { kind: 'release', waitMs, onlyElsewhere: false };
  // A limit or a throttle that is over soon is waited for; a provider that fails is not.
  if (reason === 'breaker') return { kind: 'release', waitMs, onlyElsewhere: true };
  return { kind: 'wait', waitMs };
}
