import type { Produced } from '../../shared/domain/answer.ts';
import type { Usage } from '../../shared/domain/usage.ts';

/** Everything a call has put out so far, reasoning included, in the order it came: what is charged for when it is cut. */
export type OutputLog = {
  add(text: string): void;
  report(usage: Usage | null): void;
  usage(): Usage | null;
  isEmpty(): boolean;
  produced(): Produced;
};

export function createOutputLog(): OutputLog {
  const pieces: string[] = [];
  let reported: Usage | null = null;
  return {
    add(text) {
      if (text !== '') pieces.push(text);
    },
    report(usage) {
      reported = usage;
    },
    usage: () => reported,
    isEmpty: () => pieces.length === 0,
    produced: () => ({ text: pieces.join(''), usage: reported }),
  };
}
