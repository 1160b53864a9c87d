/** Ids of calls that a provider takes, in place of those that others made. */
export type FitIds = {
  /** The ids of the calls of one turn. */
  ofCalls(ids: string[]): string[];
  /** The id of the result of a call of the last turn that called. */
  ofResult(id: string): string;
};

/**
 * Gives each call of a conversation an id of its own, made of the one it had, and its result the same. Some
 * models number their calls anew in each turn, as Kimi does (`functions.look:0`). `toFit` makes an id of what
 * may be none.
 */
export function createFitIds(toFit: (id: string) => string): FitIds {
  const used = new Set<string>();
  /** How often each id was wanted. */
  const counts = new Map<string, number>();
  let open = new Map<string, string[]>();

  function toOwn(id: string): string {
    const wanted = toFit(id);
    let own = wanted;
    let count = counts.get(wanted) ?? 1;
    for (; used.has(own); own = `${wanted}_${count}`) count += 1;
    counts.set(wanted, count);
    used.add(own);
    const waiting = open.get(id);
    if (waiting === undefined) open.set(id, [own]);
    else waiting.push(own);
    return own;
  }

  return {
    ofCalls(ids) {
      open = new Map();
      return ids.map(toOwn);
    },
    ofResult: (id) => open.get(id)?.shift() ?? toFit(id),
  };
}
