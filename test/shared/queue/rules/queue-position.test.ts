import { describe, expect, it } from 'vitest';
import { estimateStart, type QueuePosition } from '../../../../src/shared/queue/rules/queue-position.ts';

const now = new Date('2030-01-01T00:00:00Z');
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const position = (more: Partial<QueuePosition>): QueuePosition => ({
  ahead: 0,
  isAtLeast: false,
  endedLately: 0,
  endedSince: null,
  runAt: inSeconds(-10),
  isPaused: false,
  ...more,
});

describe('when a job is likely to start', () => {
  it.each<[string, Partial<QueuePosition>, Date | null]>([
    ['nobody is before it', {}, now],
    ['nobody is before it, and it is to run later', { runAt: inSeconds(60) }, inSeconds(60)],
    ['10 before it, at 2 a second', { ahead: 10, endedLately: 40, endedSince: inSeconds(-20) }, inSeconds(5)],
    [
      '10 before it, at 2 a second, and it is to run later',
      { ahead: 10, endedLately: 40, endedSince: inSeconds(-20), runAt: inSeconds(60) },
      inSeconds(60),
    ],
    ['it is paused', { isPaused: true }, null],
    ['nothing has ended lately', { ahead: 10 }, null],
    ['too little has ended to tell', { ahead: 10, endedLately: 2, endedSince: inSeconds(-20) }, null],
    [
      'more are before it than are counted',
      { ahead: 10_000, isAtLeast: true, endedLately: 40, endedSince: inSeconds(-1) },
      null,
    ],
  ])('%s', (_, more, start) => {
    expect(estimateStart(position(more), now)).toEqual(start);
  });
});
