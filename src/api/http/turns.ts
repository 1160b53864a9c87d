/** Does work when what was given before it has ended, well or not. */
export type Turns = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Turns of its own: one piece of work at a time, in the order it was given. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}
