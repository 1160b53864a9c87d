import type { Produced } from '../../shared/chat/call-result.ts';
import type { Usage } from '../../shared/chat/usage.ts';

/**
 * Everything a call has put out so far, reasoning included, in the order it came: what is charged for when it
 * is cut.
 */
export type OutputLog = {
  add(text: string): void;
  /** Counts what the assembly holds in memory besides the text: signatures, log probabilities. */
  keep(value: unknown): void;
  /**
   * Usage so far; `countsOutput` says whether all that was added before is counted in it. Null takes back
   * what was reported.
   */
  report(usage: Usage | null, countsOutput?: boolean): void;
  /** Usage that counts the output; null when there is none. */
  usage(): Usage | null;
  isEmpty(): boolean;
  produced(): Produced;
  /** About how much of the answer is held in memory. */
  keptBytes(): number;
};

export function createOutputLog(): OutputLog {
  const pieces: string[] = [];
  let keptBytes = 0;
  let reported: Usage | null = null;
  let isOutputCounted = false;
  /** How many of the pieces the reported usage counts. */
  let counted = 0;
  return {
    add(text) {
      if (text === '') return;
      pieces.push(text);
      keptBytes += text.length;
    },
    keep(value) {
      keptBytes += typeof value === 'string' ? value.length : JSON.stringify(value).length;
    },
    report(usage, countsOutput = true) {
      reported = usage;
      isOutputCounted = usage !== null && countsOutput;
      if (isOutputCounted) counted = pieces.length;
      else if (usage === null) counted = 0;
    },
    usage: () => (isOutputCounted ? reported : null),
    isEmpty: () => pieces.length === 0,
    produced() {
      const uncounted = reported === null ? '' : pieces.slice(counted).join('');
      return { text: pieces.join(''), usage: reported, ...(uncounted !== '' && { uncounted }) };
    },
    keptBytes: () => keptBytes,
  };
}
