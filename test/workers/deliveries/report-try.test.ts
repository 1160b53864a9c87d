import { expect, test } from 'vitest';
import type { Log } from '../../../src/shared/platform/log.ts';
import { createMetrics } from '../../../src/shared/platform/metrics.ts';
import { reportTry } from '../../../src/workers/deliveries/report-try.ts';
import { aPostResult } from './a-delivery.ts';

function report(change: Parameters<typeof aPostResult>[0]) {
  const lines: { level: string; facts: object; text: string }[] = [];
  const write = (level: string) => (facts: object, text: string) => void lines.push({ level, facts, text });
  const log = { info: write('info'), error: write('error') } as unknown as Log;
  const metrics = createMetrics();
  reportTry({ log, metrics }, { id: 'dlv_1', attempt: 2 }, aPostResult(change), 'again');
  return { lines, metrics };
}

test('a try is counted by its outcome, and its line says what the receiver answered', async () => {
  const { lines, metrics } = report({ outcome: 'failed', statusCode: 500, durationMs: 12 });
  expect((await metrics.deliveriesTried.get()).values).toMatchObject([
    { labels: { outcome: 'failed' }, value: 1 },
  ]);
  expect(lines).toEqual([
    {
      level: 'info',
      facts: {
        delivery_id: 'dlv_1',
        attempt: 2,
        outcome: 'failed',
        status: 500,
        reason: null,
        duration_ms: 12,
        verdict: 'again',
      },
      text: 'webhook posted',
    },
  ]);
});

test('a try that could not be signed is an error for the operator', () => {
  const { lines } = report({ outcome: 'failed', error: 'signing_failed' });
  expect(lines).toMatchObject([{ level: 'error', text: expect.stringContaining('SECRETS_KEY') }]);
});
