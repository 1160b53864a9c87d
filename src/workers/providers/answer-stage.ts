import type { Choice, Delta } from '../../shared/chat/chat.ts';

/** Takes a delta on its way to the client. */
export type Emit = (delta: Delta) => void;

/** One thing that is changed in an answer: in each delta, and in each choice of the whole. */
export type AnswerStage = {
  delta(delta: Delta, emit: Emit): void;
  /** May emit what was held back. */
  finish(choice: Choice, emit: Emit): Choice;
};
