import type { Delta } from '../../shared/chat/chat.ts';
import type { ExpressRun } from '../../shared/jobs/express.ts';
import type { JobEnding } from '../../shared/jobs/sql/settle-jobs.ts';
import { OutputTakenBack, type PassedPiece } from './follow-call.ts';

type Piece = Delta | PassedPiece;

/**
 * Runs a call in this process and shows its output as it comes, in the client's own dialect where it
 * `passes`. What comes while the reader is busy is shown together. Resolves with how the job ended; with null
 * when it goes on elsewhere and nothing of it was shown. Rejects when something was, since another call
 * begins anew.
 */
export async function followRun(
  run: ExpressRun,
  passes: boolean,
  show: (pieces: Piece[]) => Promise<void>,
): Promise<JobEnding | null> {
  let pieces: Piece[] = [];
  let isOver = false;
  let wasShown = false;
  let wake: () => void = () => undefined;
  const add = (piece: Piece) => {
    pieces.push(piece);
    wake();
  };
  const running = run({
    onDelta: (delta) => {
      if (!passes) add(delta);
    },
    onPassed: ({ event }) => {
      if (passes) add({ kind: 'passed', event: event as Record<string, unknown> });
    },
  }).finally(() => {
    isOver = true;
    wake();
  });
  for (;;) {
    if (pieces.length > 0) {
      const shown = pieces;
      pieces = [];
      wasShown = true;
      await show(shown);
    } else if (isOver) {
      break;
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  const ending = await running;
  if (ending === null && wasShown) throw new OutputTakenBack('the answer goes on elsewhere, from its start');
  return ending;
}
