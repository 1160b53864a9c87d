import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isLoopBusy } from '../../../src/shared/platform/busy-loop.ts';

/** Works without a pause for so long. */
function workFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('a loop that works is busy, and one that waits is not', async () => {
  isLoopBusy();
  for (let n = 0; n < 5; n++) {
    workFor(30);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(isLoopBusy()).toBe(true);
  await sleep(1000);
  expect(isLoopBusy()).toBe(false);
});
