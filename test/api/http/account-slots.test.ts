import { expect, test } from 'vitest';
import { createAccountSlots } from '../../../src/api/http/account-slots.ts';

function work() {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { end, run: () => ended };
}

test('an account has so many slots, and another has its own', async () => {
  const slots = createAccountSlots(1, 'busy');
  const first = work();
  const running = slots('a', first.run);
  await expect(slots('a', work().run)).rejects.toMatchObject({
    type: 'rate_limited',
    message: 'busy',
    extras: { retryAfterMs: expect.any(Number) },
  });
  await slots('b', async () => undefined);
  first.end();
  await running;
  await slots('a', async () => undefined);
});

test('who finds none waits for one as long as was said, also one that a failure left', async () => {
  const slots = createAccountSlots(1, 'busy', 60_000);
  const [first, second] = [work(), work()];
  const failing = slots('a', () => first.run().then(() => Promise.reject(new Error('broken'))));
  const running = slots('a', second.run);
  const third = slots('a', async () => 'third');
  first.end();
  await expect(failing).rejects.toThrow('broken');
  second.end();
  await running;
  expect(await third).toBe('third');
});
