import { expect, test, vi } from 'vitest';
import { createLog } from '../../../src/shared/platform/log.ts';
import { startLoop } from '../../../src/shared/platform/loop.ts';
import { waitFor } from '../../support/wait-for.ts';

test('a loop that fails goes on, and says what is wrong once and not at every turn', async () => {
  const log = createLog('silent', 'test');
  const lines: string[] = [];
  vi.spyOn(log, 'warn').mockImplementation((facts: unknown) =>
    lines.push(`warn ${(facts as { error: Error }).error.message}`),
  );
  vi.spyOn(log, 'info').mockImplementation((_facts, text?: unknown) => lines.push(`info ${text}`));
  let turns = 0;
  const failures = ['away', 'away', 'broken', 'away'];
  const loop = startLoop(
    1,
    async () => {
      const failure = failures[turns];
      turns += 1;
      if (failure !== undefined) throw new Error(failure);
      return false;
    },
    log,
    'test',
  );
  await waitFor('turns after the failures', () => turns > failures.length + 2);
  await loop.stop();
  expect(lines).toEqual(['warn away', 'warn broken', 'info loop goes on']);
});
