import { expect, test } from 'vitest';
import { createAccountMutex } from '../../../src/api/http/account-mutex.ts';

test('the work of one account goes one after the other, that of another beside it', async () => {
  const inTurn = createAccountMutex();
  const done: string[] = [];
  let end: () => void = () => undefined;
  const first = inTurn('a', () => new Promise<void>((resolve) => (end = resolve)));
  const second = inTurn('a', async () => done.push('second of a'));
  await inTurn('b', async () => done.push('first of b'));
  expect(done).toEqual(['first of b']);
  end();
  await Promise.all([first, second]);
  expect(done).toEqual(['first of b', 'second of a']);
});

test('work that fails gives its turn on', async () => {
  const inTurn = createAccountMutex();
  const failing = inTurn('a', () => Promise.reject(new Error('no')));
  const next = inTurn('a', async () => 'yes');
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
});
