import type { DeliveryDecision } from './delivery.ts';

export type DeliveryState = 'pending' | 'delivered' | 'exhausted' | 'held';

/** Which moves a delivery may make: its chain of tries ends once, and only a replay begins another. */
export const legalDeliveryMoves: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  pending: ['delivered', 'exhausted', 'held'],
  delivered: ['pending'],
  exhausted: ['pending'],
  held: ['pending'],
};

/** What decides who may move a delivery. Times are in ms on the database's clock. */
export type DeliveryCore = {
  state: DeliveryState;
  tries: number;
  /** Null unless pending. */
  dueAtMs: number | null;
  /** Of the worker that is posting it. */
  leaseToken: string | null;
  leaseUntilMs: number | null;
};

export type DeliveryMove =
  | { kind: 'claim'; token: string; leaseMs: number }
  | { kind: 'record'; token: string; verdict: DeliveryDecision }
  /** Unsent, or with its fate unknown: the try does not count. */
  | { kind: 'handBack'; token: string }
  /** A new chain of tries, on somebody's request. */
  | { kind: 'restart' };

/** The delivery after a move, or null when the move may not be made and nothing changes. */
export function moveDelivery(delivery: DeliveryCore, move: DeliveryMove, nowMs: number): DeliveryCore | null {
  const unleased = { leaseToken: null, leaseUntilMs: null };
  switch (move.kind) {
    case 'claim': {
      if (delivery.dueAtMs === null || delivery.dueAtMs > nowMs) return null;
      const untilMs = nowMs + move.leaseMs;
      const lease = { leaseToken: move.token, leaseUntilMs: untilMs, dueAtMs: untilMs };
      return { ...delivery, ...lease, tries: delivery.tries + 1 };
    }
    case 'record': {
      if (delivery.leaseToken !== move.token) return null;
      const dueAtMs = move.verdict.kind === 'again' ? nowMs + move.verdict.delayMs : null;
      return { ...delivery, ...unleased, state: stateAfter(move.verdict), dueAtMs };
    }
    case 'handBack': {
      if (delivery.leaseToken !== move.token) return null;
      return { ...delivery, ...unleased, dueAtMs: nowMs, tries: Math.max(0, delivery.tries - 1) };
    }
    case 'restart': {
      if (delivery.leaseUntilMs !== null && delivery.leaseUntilMs > nowMs) return null;
      return { state: 'pending', tries: 0, dueAtMs: nowMs, ...unleased };
    }
  }
}

/** The state a verdict leads to. */
export function stateAfter(verdict: DeliveryDecision): 'pending' | 'delivered' | 'exhausted' {
  return verdict.kind === 'again' ? 'pending' : verdict.kind;
}
