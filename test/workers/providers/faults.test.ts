import { createServer as createTcpServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallStopped } from '../../../src/workers/providers/call-stop.ts';
import { completed, connect, deltaText, failed, kinds, startBench } from './setup.ts';

let bench: Awaited<ReturnType<typeof startBench>>;
beforeAll(async () => {
  bench = await startBench({ headersTimeoutMs: 1000, idleTimeoutMs: 1000 });
});
afterAll(() => bench.close());

const refusals: [string, string, number, number | null][] = [
  ['429 retry-after=2', 'throttled', 429, 2000],
  ['429', 'throttled', 429, null],
  ['429 retry-after=-1', 'throttled', 429, null],
  ['429 retry-after=1e9', 'throttled', 429, null],
  ['429 retry-after=999999', 'throttled', 429, 86_400_000],
  ['429 retry-after=0', 'throttled', 429, 0],
  ['529', 'throttled', 529, null],
  ['503 retry-after=1', 'throttled', 503, 1000],
  ['503', 'failed', 503, null],
  ['500', 'failed', 500, null],
  ['502', 'failed', 502, null],
  ['409', 'failed', 409, null],
  ['307', 'failed', 307, null],
  ['quota', 'exhausted', 429, null],
  ['402', 'exhausted', 402, null],
  ['401', 'auth', 401, null],
  ['403', 'auth', 403, null],
  ['400', 'rejected', 400, null],
  ['404', 'rejected', 404, null],
  ['413', 'rejected', 413, null],
  ['422', 'rejected', 422, null],
];

const breaks: [string, 'plain' | 'stream' | 'both', string, number | null][] = [
  ['slow ms=2000', 'stream', 'cut', null],
  ['hang at=0', 'stream', 'cut', null],
  ['reset', 'both', 'cut', null],
  ['html', 'both', 'cut', 200],
  ['malformed', 'both', 'cut', 200],
  ['cut', 'both', 'cut', 200],
  ['empty', 'plain', 'failed', 200],
  ['hang at=4', 'stream', 'cut', 200],
  ['no_finish', 'stream', 'cut', 200],
  ['stream_error at=4', 'stream', 'failed', 200],
];

describe.concurrent.each(kinds)('%s', (kind) => {
  describe.each([false, true])('stream %s', (stream) => {
    it.each(refusals)('%s is %s, asked once', async (fault, reason, status, retryAfterMs) => {
      const { answer, attemptId } = await bench.call(kind, `[[fault:${fault}]] ${stream}`, { stream });
      const { failure, produced } = failed(answer);
      expect(failure).toMatchObject({ reason, status });
      // Gemini's error body repeats the wait, as RetryInfo; nonsense stays nonsense there.
      expect(failure.retryAfterMs).toBe(retryAfterMs);
      expect(failure.message).toContain('simulated');
      expect(failure.message).not.toContain('sk-simulated');
      expect(produced).toEqual({ text: '', usage: null });
      const metered = await bench.meter(attemptId);
      expect(metered).toHaveLength(1);
      expect(metered[0]).toMatchObject({ billed: false, outcome: 'refused' });
    });

    const fitting = breaks.filter(([, when]) => when === 'both' || when === (stream ? 'stream' : 'plain'));
    it.each(fitting)('%s breaks off', async (fault, _when, reason, status) => {
      const { answer, deltas, attemptId } = await bench.call(kind, `[[fault:${fault}]] tell me ${stream}`, {
        stream,
      });
      const { failure, produced } = failed(answer);
      // Gemini reports a status with an error that comes in the middle of a stream.
      const reported = fault.startsWith('stream_error') && kind === 'google' ? 503 : status;
      expect(failure).toMatchObject({ reason, status: reported });
      expect(produced.text).toBe(deltaText(deltas));
      expect(failure.message).not.toContain('tell me');
      expect(await bench.meter(attemptId)).toHaveLength(1);
    });

    it.each(['cut', 'reset'])('says in words what %s was', async (fault) => {
      const { answer } = await bench.call(kind, `[[fault:${fault}]] say ${stream}`, { stream });
      expect(failed(answer).failure.message).toMatch(
        /^the provider (?:closed|reset) the connection \((?:UND_ERR_SOCKET|ECONNRESET)\)$/,
      );
    });

    it('does without usage, or with one that cannot be true', async () => {
      for (const fault of [
        'no_usage',
        'absurd_usage',
        'absurd_usage value=-1',
        'absurd_usage value=1.5',
        'absurd_usage value=x',
        'absurd_usage value=null',
      ]) {
        const { answer } = await bench.call(kind, `[[fault:${fault}]]`, { stream });
        expect(completed(answer).usage).toBeNull();
        expect(completed(answer).completion.usage).toBeUndefined();
      }
    });

    it('is stopped before it begins when the caller has gone', async () => {
      const { answer, attemptId } = await bench.call(kind, 'hello', { stream, signal: AbortSignal.abort() });
      expect(answer).toEqual({ kind: 'stopped', reason: 'shutdown', produced: { text: '', usage: null } });
      const response = await fetch(`${bench.url}/__simulator/meter?attempt_id=${attemptId}`);
      expect(await response.json()).toMatchObject({ calls: [] });
    });

    it('is stopped while it waits for the headers', async () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new CallStopped('expired')), 60);
      const { answer, attemptId } = await bench.call(kind, '[[latency:20000]] hello', {
        stream,
        signal: controller.signal,
      });
      expect(answer).toMatchObject({ kind: 'stopped', reason: 'expired' });
      expect(await bench.meter(attemptId)).toMatchObject([{ outcome: 'cut', completion_tokens: 0 }]);
    });

    it('finds nobody there', async () => {
      const free = await freePort();
      const provider = connect(kind, `http://127.0.0.1:${free}`);
      const { answer } = await bench.call(kind, 'hello', { stream, provider });
      expect(failed(answer).failure).toMatchObject({ reason: 'unreachable', status: null });
      await provider.close();
    });

    it('finds no such name', async () => {
      const provider = connect(kind, 'http://nobody.invalid');
      const { answer } = await bench.call(kind, 'hello', { stream, provider });
      expect(failed(answer).failure).toMatchObject({ reason: 'unreachable', status: null });
      await provider.close();
    });
  });

  it('is stopped in the middle of a stream, with what had come', async () => {
    const controller = new AbortController();
    let seen = 0;
    const { answer, deltas, attemptId } = await bench.call(
      kind,
      '[[chunk_delay:25]] a rather long question to be repeated',
      {
        stream: true,
        signal: controller.signal,
        onDelta() {
          seen += 1;
          if (seen === 3) controller.abort(new CallStopped('cancelled'));
        },
      },
    );
    expect(answer).toMatchObject({ kind: 'stopped', reason: 'cancelled' });
    if (answer.kind !== 'stopped') return;
    expect(answer.produced.text).toBe(deltaText(deltas));
    expect(answer.produced.text.length).toBeGreaterThan(10);
    const [metered] = await bench.meter(attemptId);
    expect(metered).toMatchObject({ outcome: 'cut', billed: true });
    expect(metered?.completion_tokens).toBeGreaterThan(0);
  });

  it('tells a socket that is closed unanswered from one that never opened', async () => {
    const server = createTcpServer((socket) => socket.once('data', () => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const provider = connect(kind, `http://127.0.0.1:${port}`);
    const { answer } = await bench.call(kind, 'hello', { provider });
    expect(failed(answer).failure).toMatchObject({ reason: 'cut', status: null });
    await provider.close();
    server.close();
  });
});

it('keeps the bytes of a character that arrive apart together', async () => {
  for (const kind of kinds) {
    const { answer, deltas } = await bench.call(kind, '[[fault:trickle ms=0]] żółw 🐢', { stream: true });
    expect(deltaText(deltas)).toContain('żółw 🐢');
    expect(completed(answer).completion.choices[0]?.message.content).toBe(deltaText(deltas));
  }
});

it('reads what is left of the limits', async () => {
  await fetch(`${bench.url}/__simulator/config`, {
    method: 'POST',
    body: '{"requests_left":7,"tokens_left":900}',
  });
  for (const kind of ['openai', 'anthropic'] as const) {
    const { answer } = await bench.call(kind, 'hello');
    expect(completed(answer).limits).toEqual({ requestsLeft: 7, tokensLeft: 900, usedUpUntilMs: null });
  }
  await fetch(`${bench.url}/__simulator/config`, { method: 'POST', body: '{"requests_left":0}' });
  for (const kind of ['openai', 'anthropic'] as const) {
    const { answer } = await bench.call(kind, 'hello');
    expect(completed(answer).limits?.usedUpUntilMs).toBeGreaterThan(Date.now() + 50_000);
  }
});

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

describe.each([false, true])('an answer that is more than was asked for, stream %s', (stream) => {
  it.each(kinds)('of %s is stopped by us, and counted by its size', async (kind) => {
    const { answer } = await bench.call(kind, `[[fault:large mb=9]] ${stream}`, { stream });
    expect(answer).toMatchObject({
      kind: 'stopped',
      reason: 'limit',
      limit: 'the answer was larger than allowed',
    });
    expect(answer.kind === 'stopped' && answer.produced.unreadTokens).toBe(400);
  });
});

it.each(kinds)('a whole answer of %s may take longer than a stream may be silent', async (kind) => {
  const { answer } = await bench.call(kind, '[[latency:1500]] think long');
  expect(answer.kind).toBe('completed');
});
