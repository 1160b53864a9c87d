import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createRebuiltText } from '../../../tools/chaos/rebuilt-text.ts';
import { readServerSentEvents } from '../../../tools/chaos/server-sent-events.ts';
import { createWatchers, type Watchers } from '../../../tools/chaos/watcher.ts';

async function* inPieces(text: string, size: number) {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

describe('server-sent events', () => {
  const wire =
    'retry: 1\n\n: hello\n\nid: 7\nevent: a\ndata: {"x": ": y"}\n\nid:8\ndata: 1\ndata:2\n\nid: 9\ndata: cut';
  test.each([1, 2, 3, 1000])('are read whole from pieces of %i characters', async (size) => {
    const events: unknown[] = [];
    for await (const event of readServerSentEvents(inPieces(wire, size))) events.push(event);
    expect(events).toEqual([
      { id: '7', type: 'a', data: '{"x": ": y"}' },
      { id: '8', type: '', data: '1\n2' },
    ]);
  });
});

describe('a text rebuilt from events', () => {
  const delta = (attempt: number, offset: number, text: string, choice = 0) =>
    ['output.delta', { attempt, offset, choice, text }] as const;

  test('goes on by offset and choice, starts anew after a reset, and is what a snapshot says', () => {
    const rebuilt = createRebuiltText();
    const wrong = [
      delta(1, 0, 'ab'),
      delta(1, 0, 'x', 1),
      ['output.reset', { attempt: 2 }] as const,
      delta(2, 0, 'cd'),
      delta(2, 2, 'e'),
    ].flatMap(([type, fields]) => rebuilt.apply(type, fields));
    expect([wrong, rebuilt.text(0), rebuilt.text(1)]).toEqual([[], 'cde', '']);
    rebuilt.apply('output.snapshot', {
      text: 'all',
      choices: [
        { choice: 0, text: 'all' },
        { choice: 1, text: 'too' },
      ],
    });
    expect([rebuilt.text(0), rebuilt.text(1)]).toEqual(['all', 'too']);
  });

  test.each([
    ['missing', [delta(1, 0, 'ab'), delta(1, 3, 'c')]],
    ['twice', [delta(1, 0, 'ab'), delta(1, 1, 'bc')]],
    ['without a reset', [delta(1, 0, 'ab'), delta(2, 0, 'ab')]],
  ])('says so when text is %s', (words, events) => {
    const rebuilt = createRebuiltText();
    const wrong = events.flatMap(([type, fields]) => rebuilt.apply(type, fields));
    expect(wrong[0]).toContain(words);
  });
});

let server: Server | null = null;
let watchers: Watchers | null = null;
afterEach(async () => {
  watchers?.stop();
  const closing = server;
  server = null;
  if (closing === null) return;
  const closed = new Promise((resolve) => closing.close(resolve));
  closing.closeAllConnections();
  await closed;
});

const frame = (id: number, type: string, fields: object = {}) =>
  `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ seq: id, job_id: 'job_1', ...fields })}\n\n`;
const delta = (id: number, offset: number, text: string) =>
  frame(id, 'output.delta', { attempt: 1, choice: 0, offset, text });

/**
 * What a reader finds who watches a gateway with one job, whose events are cut after `cutAfter` of them on
 * each connection.
 */
async function watchJob(
  events: string[],
  result: string,
  how: { cutAfter?: number; cutProbability?: number } = {},
) {
  server = createServer((request, response) => {
    if (!request.url?.endsWith('/events')) {
      const choices = [{ index: 0, message: { content: result } }];
      response.end(JSON.stringify({ status: 'succeeded', stream: true, result: { choices } }));
      return;
    }
    const after = Number(request.headers['last-event-id'] ?? 0);
    const rest = events.filter((event) => Number(/^id: (\d+)/.exec(event)?.[1]) > after);
    if (rest.length === 0) response.writeHead(204).end();
    else send(response, rest, how.cutAfter ?? Number.POSITIVE_INFINITY);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let draws = 0;
  watchers = createWatchers({
    urls: () => [url],
    key: 'k',
    random: () => (draws++ % 5) / 5,
    cutProbability: how.cutProbability ?? 0,
  });
  watchers.watch('job_1');
  expect(await watchers.whenEnded(10_000)).toBe(true);
  return (await watchers.check()).map(({ detail }) => detail);
}

function send(response: ServerResponse, events: string[], cutAfter: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (events.length <= cutAfter) {
    response.end(events.join(''));
    return;
  }
  const half = events[cutAfter]?.slice(0, 10) ?? '';
  response.write(events.slice(0, cutAfter).join('') + half, () => response.destroy());
}

const ending = frame(6, 'job.succeeded', { status: 'succeeded' });

describe('a reader', () => {
  test('cuts itself now and then, and misses nothing', async () => {
    const deltas = Array.from({ length: 30 }, (_, index) => delta(index + 2, index, 'x'));
    const events = [frame(1, 'job.queued'), ...deltas, frame(32, 'job.succeeded')];
    expect(await watchJob(events, 'x'.repeat(30), { cutProbability: 0.2 })).toEqual([]);
    expect(watchers?.cuts()).toBeGreaterThan(0);
  });

  test('goes on after every cut and ends with the whole text', async () => {
    const events = [
      frame(1, 'job.queued'),
      frame(2, 'job.started'),
      delta(3, 0, 'a'),
      delta(4, 1, 'b'),
      delta(5, 2, 'c'),
    ];
    expect(await watchJob([...events, ending], 'abc', { cutAfter: 2 })).toEqual([]);
  });

  test('takes a snapshot in place of what is gone', async () => {
    const snapshot = frame(5, 'output.snapshot', { text: 'abc', choices: [] });
    expect(await watchJob([frame(1, 'job.queued'), snapshot, ending], 'abc')).toEqual([]);
  });

  test.each([
    [
      'a missing event',
      [frame(1, 'job.queued'), delta(3, 0, 'a'), delta(4, 1, 'b'), delta(5, 2, 'c'), ending],
      'right after 1',
    ],
    [
      'a repeated event',
      [frame(1, 'job.queued'), frame(1, 'job.queued'), delta(2, 0, 'abc')],
      'came after 1',
    ],
    ['a hole before the end', [frame(1, 'job.queued'), delta(2, 0, 'abc'), ending], 'without a snapshot'],
    ['another text', [frame(1, 'job.queued'), delta(2, 0, 'ab')], 'was read as "ab"'],
    [
      'two final events',
      [frame(1, 'job.queued'), delta(2, 0, 'abc'), frame(3, 'job.failed'), frame(4, 'job.succeeded')],
      'after the final event',
    ],
  ])('finds %s', async (_name, events, words) => {
    const last = frame(events.length + 1, 'job.succeeded');
    const whole = events.some((event) => event.includes('event: job.succeeded')) ? events : [...events, last];
    expect((await watchJob(whole, 'abc')).join('; ')).toContain(words);
  });
});
