import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLog } from '../../../src/shared/platform/log.ts';
import { type Found, type Loop, startLoop } from '../../../src/shared/platform/loop.ts';
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

describe('the pace of a loop', () => {
  const pace = { quickMs: 100, restMs: 5000 };
  const nothing = { isBusy: false, dueInMs: null };
  let runs: string[];
  let found: Found;
  let loop: Loop;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    runs = [];
    found = nothing;
    const work = async (isQuick: boolean) => {
      runs.push(isQuick ? 'quick' : 'rest');
      return found;
    };
    loop = startLoop(pace, work, createLog('silent', 'test'), 'test');
  });
  afterEach(async () => {
    await loop.stop();
    vi.useRealTimers();
  });

  const pass = async (ms: number) => {
    runs = [];
    await vi.advanceTimersByTimeAsync(ms);
    return runs;
  };
  /** Until a run that was not quick found nothing. */
  const comeToRest = async () => {
    found = nothing;
    await pass(4000);
    expect(runs.at(-1)).toBe('rest');
  };

  test('one that found nothing for a while runs once in five seconds', async () => {
    expect(await pass(1000)).toHaveLength(10);
    await comeToRest();
    expect(await pass(20_000)).toEqual(['rest', 'rest', 'rest', 'rest']);
  });

  test('one that is woken runs at once, and is quick for a while: more may follow', async () => {
    await comeToRest();
    loop.wake();
    expect(runs.at(-1)).toBe('quick');
    expect(await pass(1000)).toEqual(Array(10).fill('quick'));
  });

  test('one that is roused is quick, without a run at once', async () => {
    await comeToRest();
    loop.rouse();
    expect(await pass(99)).toEqual([]);
    expect(await pass(901)).toHaveLength(10);
  });

  test('one that has work, or fails, stays quick', async () => {
    found = { isBusy: true, dueInMs: null };
    await pass(10_000);
    expect(await pass(1000)).toHaveLength(10);
  });

  test('one that rests runs when the next thing is due, and not before', async () => {
    await comeToRest();
    found = { isBusy: false, dueInMs: 1234 };
    await pass(5000);
    const [dueAt, lastRun] = [runs.length, runs.at(-1)];
    expect({ dueAt, lastRun }).toEqual({ dueAt: 4, lastRun: 'rest' });
  });

  test('loops that rest run together, whenever they began', async () => {
    const others: number[] = [];
    await pass(1700);
    const work = async () => {
      others.push(Math.round(performance.now()));
      return nothing;
    };
    const other = startLoop(pace, work, createLog('silent', 'test'), 'other');
    await pass(10_000);
    others.length = 0;
    const before = runs.length;
    await pass(5000);
    expect({ others: others.length, runs: runs.length }).toEqual({ others: 1, runs: 1 });
    expect(before).toBeGreaterThan(0);
    await other.stop();
  });
});
