import { expect, test } from 'vitest';
import { OutputTakenBack } from '../../../src/api/sync/follow-call.ts';
import { followRun } from '../../../src/api/sync/follow-run.ts';
import type { Delta } from '../../../src/shared/chat/chat.ts';
import type { ExpressRun } from '../../../src/shared/jobs/express.ts';
import type { JobEnding } from '../../../src/shared/jobs/sql/settle-jobs.ts';

const delta = (text: string): Delta => ({ kind: 'text', choice: 0, text });
const ended = { jobId: 'job_1', state: 'succeeded' } as JobEnding;
const tick = () => new Promise((resolve) => setImmediate(resolve));

/** A run that gives these texts, one in each turn of the loop, and then ends so. */
function runOf(texts: string[], ending: JobEnding | null): ExpressRun {
  return async ({ onDelta, onPassed }) => {
    for (const text of texts) {
      onDelta(delta(text));
      onPassed({ dialect: 'chat', event: { text } });
      await tick();
    }
    return ending;
  };
}

async function follow(run: ExpressRun, passes: boolean, show?: () => Promise<unknown>) {
  const shown: unknown[] = [];
  const ending = await followRun(run, passes, async (pieces) => {
    shown.push(pieces);
    await show?.();
  });
  return { shown, ending };
}

test('output is shown as it comes, and then how the job ended', async () => {
  const { shown, ending } = await follow(runOf(['a', 'b'], ended), false);
  expect(shown).toEqual([[delta('a')], [delta('b')]]);
  expect(ending).toBe(ended);
});

test('of a call that goes through, the events of its provider are shown instead', async () => {
  const { shown } = await follow(runOf(['a'], ended), true);
  expect(shown).toEqual([[{ kind: 'passed', event: { text: 'a' } }]]);
});

test('what comes while a reader is busy is shown together', async () => {
  const busy = async () => {
    for (let n = 0; n < 5; n++) await tick();
  };
  const { shown } = await follow(runOf(['a', 'b', 'c'], ended), false, busy);
  expect(shown).toEqual([[delta('a')], [delta('b'), delta('c')]]);
});

test('a job that goes on elsewhere has no end here, as long as nothing was shown', async () => {
  expect(await follow(runOf([], null), false)).toEqual({ shown: [], ending: null });
  await expect(follow(runOf(['a'], null), false)).rejects.toThrow(OutputTakenBack);
});
