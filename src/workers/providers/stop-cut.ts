/** Cuts a text that comes in pieces at the first of some sequences. */
export type StopCut = {
  /** What may be shown of the text so far and was not yet; what may be the beginning of a sequence waits. */
  add(piece: string): string;
  /** What waited, since nothing comes after it. */
  rest(): string;
  /** The sequence that was met; null while none was. */
  met(): string | null;
};

/** The earliest sequence counts, of two at one position the first that is given. */
export function createStopCut(sequences: string[]): StopCut {
  let waiting = '';
  let met: string | null = null;
  return {
    add(piece) {
      if (met !== null) return '';
      waiting += piece;
      const found = sequences
        .map((sequence) => ({ sequence, at: waiting.indexOf(sequence) }))
        .filter(({ at }) => at !== -1)
        .sort((a, b) => a.at - b.at)[0];
      const end = found?.at ?? waiting.length - unsure(waiting, sequences);
      const shown = waiting.slice(0, end);
      waiting = found === undefined ? waiting.slice(end) : '';
      met = found?.sequence ?? null;
      return shown;
    },
    rest() {
      const shown = waiting;
      waiting = '';
      return shown;
    },
    met: () => met,
  };
}

/** How much of the end of a text may be the beginning of a sequence. */
function unsure(text: string, sequences: string[]): number {
  const lengths = sequences.flatMap((sequence) =>
    Array.from({ length: sequence.length - 1 }, (_, at) => at + 1).filter((length) =>
      text.endsWith(sequence.slice(0, length)),
    ),
  );
  return Math.max(0, ...lengths);
}
