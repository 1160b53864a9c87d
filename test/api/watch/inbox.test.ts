import { beforeEach, describe, expect, it } from 'vitest';
import { Inbox } from '../../../src/api/watch/inbox.ts';
import type { LoggedEvent } from '../../../src/shared/events/rules/event.ts';

const event = (id: number, fields = '{}'): LoggedEvent => ({ id, type: 'output.delta', fields });
const nothing = { signals: [], pollRow: false, pollLog: false };

let publish: (signals: LoggedEvent[]) => void;
let leaving: AbortController;
let inbox: Inbox;
beforeEach(async () => {
  const feed = {
    listen: (_jobId: string, listener: (signals: LoggedEvent[]) => void) => {
      publish = listener;
      return { ready: Promise.resolve(true), end: () => undefined };
    },
  };
  leaving = new AbortController();
  inbox = new Inbox(feed, 'job_1', leaving.signal);
  await inbox.ready();
});

/** Whether the promise has resolved once everything that is due has run. */
async function isOver(waited: Promise<void>): Promise<boolean> {
  const later = new Promise<'later'>((resolve) => setImmediate(resolve, 'later'));
  return (await Promise.race([waited, later])) !== 'later';
}

describe('an inbox', () => {
  it('begins with a look at the row and the log', () => {
    expect(inbox.take()).toEqual({ signals: [], pollRow: true, pollLog: true });
    expect(inbox.take()).toEqual(nothing);
  });

  it('keeps what comes while nobody waits, and the next wait is over at once', async () => {
    inbox.take();
    publish([event(2)]);
    publish([event(3), event(4)]);
    expect(await isOver(inbox.wait())).toBe(true);
    expect(inbox.take()).toEqual({ ...nothing, signals: [event(2), event(3), event(4)] });
  });

  it.each([
    { what: 'signals', happen: () => publish([event(2)]), taken: { ...nothing, signals: [event(2)] } },
    { what: 'a change of the row', happen: () => publish([]), taken: { ...nothing, pollRow: true } },
    { what: 'a look that is due', happen: () => inbox.look('log'), taken: { ...nothing, pollLog: true } },
    { what: 'the signal', happen: () => leaving.abort(), taken: nothing },
  ])('$what ends a wait', async ({ happen, taken }) => {
    inbox.take();
    const waited = inbox.wait();
    expect(await isOver(waited)).toBe(false);
    happen();
    expect(await isOver(waited)).toBe(true);
    expect(inbox.take()).toEqual(taken);
  });

  it('more than 256 KiB that nobody took are dropped: they are in the log', () => {
    inbox.take();
    for (let id = 2; id < 7; id += 1) publish([event(id, 'x'.repeat(60 * 1024))]);
    expect(inbox.take()).toEqual({ ...nothing, pollLog: true });
  });

  it('was silent until something comes, each time it is asked', () => {
    expect(inbox.takeSilence()).toBe(true);
    publish([event(2)]);
    expect(inbox.takeSilence()).toBe(false);
    expect(inbox.takeSilence()).toBe(true);
  });
});

describe('an inbox whose owner passes signals on', () => {
  let passed: number[];
  let takes: boolean;
  const passOn = (signals: LoggedEvent[]): boolean => {
    if (takes) passed.push(...signals.map(({ id }) => id));
    return takes;
  };
  beforeEach(() => {
    passed = [];
    takes = true;
    inbox.take();
  });

  it('passes them the moment they come, and goes on waiting', async () => {
    const waited = inbox.wait(passOn);
    publish([event(2)]);
    publish([event(3)]);
    expect(passed).toEqual([2, 3]);
    expect(await isOver(waited)).toBe(false);
    expect(inbox.take()).toEqual(nothing);
  });

  it('keeps those that cannot be passed, and the wait is over', async () => {
    takes = false;
    const waited = inbox.wait(passOn);
    publish([event(3)]);
    expect(await isOver(waited)).toBe(true);
    expect(inbox.take()).toEqual({ ...nothing, signals: [event(3)] });
  });

  it('passes nothing while the owner is busy, nor past what waits already', () => {
    publish([event(2)]);
    void inbox.wait(passOn);
    publish([event(3)]);
    inbox.look('row');
    publish([event(4)]);
    expect(passed).toEqual([]);
    expect(inbox.take().signals.map(({ id }) => id)).toEqual([2, 3, 4]);
    publish([event(5)]);
    expect(passed).toEqual([]);
  });

  it('passes nothing once a look has ended the wait', async () => {
    void inbox.wait(passOn);
    inbox.look('log');
    publish([event(2)]);
    expect(passed).toEqual([]);
    expect(inbox.take()).toEqual({ signals: [event(2)], pollRow: false, pollLog: true });
  });

  it('a change of the row is never passed', async () => {
    const waited = inbox.wait(passOn);
    publish([]);
    expect(await isOver(waited)).toBe(true);
    expect(passed).toEqual([]);
    expect(inbox.take()).toEqual({ ...nothing, pollRow: true });
  });
});
