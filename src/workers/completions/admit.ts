import { shortWaitMs } from '../../shared/jobs/rules/outcome.ts';
import type { Gate, GatePass } from '../../shared/queue/gate.ts';
import { type Ticket, ticketId } from '../../shared/queue/queue.ts';

/**
 * Whether a ticket may go on to its call now; if not, whether it waits in the queue or goes back to the
 * backlog.
 */
export type Entry =
  | { kind: 'pass'; pass: GatePass }
  | { kind: 'wait'; waitMs: number }
  /** Its provider is paused: the job waits where it was. */
  | { kind: 'withdraw' }
  /** `onlyElsewhere`: if the job has another target; else it waits in the queue. */
  | { kind: 'return'; waitMs: number; onlyElsewhere: boolean };

export type AdmitDeps = {
  gate: Pick<Gate, 'admit'>;
  isPaused(provider: string): boolean;
  /** Answers wait for the database: what a call cost could not be recorded now. */
  answersWait(): boolean;
};

/** The database, after this long. */
const awayMs = 1000;

/** Asks the gate. A "no" is not an attempt: nothing has been claimed yet and nothing is counted. */
export async function admit(deps: AdmitDeps, provider: string, ticket: Ticket): Promise<Entry> {
  // While its provider is paused nothing is ticketed, so the job waits in its old place in the order.
  if (deps.isPaused(provider)) return { kind: 'withdraw' };
  if (deps.answersWait()) return { kind: 'wait', waitMs: awayMs };
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
  if (waitMs >= shortWaitMs) return { kind: 'return', waitMs, onlyElsewhere: false };
  // A limit or a throttle that is over soon is waited for; a provider that fails is not.
  if (reason === 'breaker') return { kind: 'return', waitMs, onlyElsewhere: true };
  return { kind: 'wait', waitMs };
}
