import { Presets, SingleBar } from 'cli-progress';

export type ProgressBar = { update(done: number, total: number, what: string): void; stop(): void };

/** A bar on a terminal; elsewhere a line at every tenth, since a log has no cursor to move. */
export function createProgressBar(title: string): ProgressBar {
  return process.stderr.isTTY ? drawBar(title) : writeLines(title);
}

function drawBar(title: string): ProgressBar {
  const format = `${title} {bar} {value}/{total} {what}`;
  const bar = new SingleBar({ format, hideCursor: true }, Presets.shades_classic);
  bar.start(1, 0, { what: '' });
  return {
    update: (done, total, what) => {
      bar.setTotal(Math.max(total, 1));
      bar.update(done, { what });
    },
    stop: () => bar.stop(),
  };
}

function writeLines(title: string): ProgressBar {
  let printedTenths = 0;
  return {
    update: (done, total, what) => {
      const tenths = total === 0 ? 0 : Math.floor((10 * done) / total);
      if (tenths === printedTenths) return;
      printedTenths = tenths;
      process.stdout.write(`${title} ${done}/${total} ${what}\n`);
    },
    stop: () => undefined,
  };
}
