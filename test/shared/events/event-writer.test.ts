import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Append, EventLog } from '../../../src/shared/events/event-log.ts';
import { openEventWriter } from '../../../src/shared/events/event-writer.ts';
import { createLog } from '../../../src/shared/platform/log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The writer of a job that streams, and the texts in its log, which reports whether somebody watches. */
async function openWriter({ isWatched }: { isWatched: boolean }) {
  const written: string[] = [];
  const audience = { isWatched };
  let attend: () => void = () => undefined;
  const events = {
    open: async () => ({ last: 0, previousTarget: null, hasText: false, restarted: false }),
    append: async (_jobId: string, { events: some }: Append) => {
      const texts = some.filter(({ type }) => type === 'output.delta');
      written.push(...texts.map(({ fields }) => String(JSON.parse(fields).text)));
      return audience;
    },
  } as Partial<EventLog> as EventLog;
  const writer = openEventWriter(
    {
      events,
      log: createLog('silent', 'test'),
      publish: () => undefined,
      onAttended: (_jobId, listener) => {
        attend = listener;
        return () => {
          attend = () => undefined;
        };
      },
    },
    {
      jobId: 'job_1',
      attempt: 1,
      provider: 'openai',
      model: 'openai/a',
      stream: true,
      lastSeq: 1,
      createdAtMs: Date.now(),
    },
  );
  writer.started();
  await vi.advanceTimersByTimeAsync(1);
  const write = (text: string) => writer.delta({ kind: 'text', choice: 0, text });
  return { writer, written, audience, write, attend: () => attend(), later: vi.advanceTimersByTimeAsync };
}

describe('a job that somebody watches', () => {
  test('has its first delta at once, and the later ones every 50 ms', async () => {
    const { write, written, later } = await openWriter({ isWatched: true });
    for (const text of 'abc') write(text);
    await later(0);
    expect(written).toEqual(['a']);
    await later(50);
    expect(written).toEqual(['a', 'bc']);
  });
});

describe('a job that nobody watches', () => {
  test('has its first delta in the log at once, and the later ones twice a second', async () => {
    const { write, written, later } = await openWriter({ isWatched: false });
    for (const text of 'abc') write(text);
    await later(0);
    expect(written).toEqual(['a']);
    await later(400);
    write('d');
    expect(written).toEqual(['a']);
    await later(100);
    expect(written).toEqual(['a', 'bcd']);
  });

  test('has what waits written at once when somebody comes, and the rest every 50 ms', async () => {
    const { write, written, later, attend, audience } = await openWriter({ isWatched: false });
    for (const text of 'ab') write(text);
    await later(10);
    // Who has come is not counted yet by what was under way meanwhile.
    attend();
    await later(0);
    expect(written).toEqual(['a', 'b']);
    write('c');
    await later(50);
    expect(written).toEqual(['a', 'b', 'c']);
    audience.isWatched = true;
    write('d');
    await later(50);
    write('e');
    await later(50);
    expect(written).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('keeps no more than so much back, and nothing at its end', async () => {
    const { write, written, later, writer } = await openWriter({ isWatched: false });
    write('a');
    const half = 'x'.repeat(20_000);
    write(half);
    await later(0);
    expect(written).toEqual(['a']);
    write(half);
    await later(0);
    expect(written).toEqual(['a', half + half]);
    write('end');
    expect(await writer.close()).toBe(5);
    expect(written.at(-1)).toBe('end');
  });
});
