import { describe, expect, test } from 'vitest';
import { retryWhileUnavailable } from '../../../../src/shared/platform/postgres/retry-while-unavailable.ts';

const withCode = (code: string) => Object.assign(new Error(code), { code });

/** A write that fails with each of these in turn, and then succeeds. */
function failing(...codes: string[]) {
  const left = [...codes];
  const write = async () => {
    const code = left.shift();
    if (code !== undefined) throw withCode(code);
    return 'written';
  };
  return { write, left };
}

describe('a write that is repeated while the database is away', () => {
  test.each([['CONNECTION_CLOSED'], ['53100'], ['57P01'], ['40001'], ['40P01'], ['55P03']])(
    'goes through after %s',
    async (code) => {
      const { write } = failing(code);
      expect(await retryWhileUnavailable(write, { maxWaitMs: 1000 })).toBe('written');
    },
  );

  test('is not repeated when the database said no', async () => {
    const { write } = failing('23505');
    await expect(retryWhileUnavailable(write, { maxWaitMs: 1000 })).rejects.toThrow('23505');
  });

  test('is given up when patience ends', async () => {
    const { write, left } = failing('57P01', '57P01');
    await expect(retryWhileUnavailable(write, { maxWaitMs: 0 })).rejects.toThrow('57P01');
    expect(left).toHaveLength(1);
  });

  test('is given up when the process stops', async () => {
    const { write, left } = failing('57P01', '57P01');
    const isStopping = () => true;
    await expect(retryWhileUnavailable(write, { maxWaitMs: 1000, isStopping })).rejects.toThrow('57P01');
    expect(left).toHaveLength(1);
  });
});
