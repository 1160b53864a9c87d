/** Gives the slot back; doing it twice is doing it once. */
export type Release = () => void;

/** `max` slots; who finds none waits in the order of asking. */
export function createSlots(max: number) {
  let taken = 0;
  const waiting: (() => void)[] = [];

  function releaseOnce(): Release {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const next = waiting.shift();
      // Passed on and not given back, so that nobody who asks in between comes first.
      if (next === undefined) taken -= 1;
      else next();
    };
  }

  return {
    /** A slot, or null when none was free for so long. */
    take(maxWaitMs: number): Promise<Release | null> {
      if (taken < max) {
        taken += 1;
        return Promise.resolve(releaseOnce());
      }
      return new Promise((resolve) => {
        const turn = () => {
          clearTimeout(timer);
          resolve(releaseOnce());
        };
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(turn), 1);
          resolve(null);
        }, maxWaitMs);
        waiting.push(turn);
      });
    },
  };
}
