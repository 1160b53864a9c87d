import { Presets, SingleBar } from 'cli-progress';

export type ProgressBar = { start(total: number): void; step(what: string): void; stop(): void };

/** A bar on a terminal; elsewhere a line at every tenth, since a log has no cursor to move. */
export function createProgressBar(title: string): ProgressBar {
  if (process.stderr.isTTY) {
    const format = `${title} {bar} {value}/{total} {what}`;
    const bar = new SingleBar({ format, hideCursor: true }, Presets.shades_classic);
    return {
      start: (total) => bar.start(total, 0, { what: '' }),
      step: (what) => bar.increment(1, { what }),
      stop: () => bar.stop(),
    };
  }
  let done = 0;
  let all = 0;
  return {
    start: (total) => {
      all = total;
    },
    step: () => {
      done += 1;
      const tenth = Math.max(1, Math.floor(all / 10));
      if (done % tenth === 0 || done === all) process.stdout.write(`${title} ${done}/${all}\n`);
    },
    stop: () => undefined,
  };
}
