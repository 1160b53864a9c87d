import type { Log } from './log.ts';

/** This many different texts are remembered; a library that varies its words writes no more than that. */
const textsMax = 100;

/**
 * What libraries print by themselves goes to the log, each text once: standard error holds JSON lines, and an
 * SDK that warns of a model at every call would flood it.
 */
export function logLibraryWarnings(log: Log, target: Pick<Console, 'warn'> = console): void {
  const texts = new Set<string>();
  target.warn = (...words: unknown[]) => {
    const warning = words.map(String).join(' ');
    if (texts.has(warning) || texts.size >= textsMax) return;
    texts.add(warning);
    log.warn({ warning }, 'a library warns');
  };
}
