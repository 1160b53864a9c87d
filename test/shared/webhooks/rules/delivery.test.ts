import { describe, expect, it } from 'vitest';
import {
  decideDelivery,
  endpointThresholds,
  parseRetryAfter,
  webhookEvent,
} from '../../../../src/shared/webhooks/rules/delivery.ts';

const retrySeconds = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
const failed = { outcome: 'failed' as const, statusCode: 500, retryAfterMs: null };

describe('the schedule of a delivery', () => {
  it('waits as promised after each failure, within a fifth, and then gives up', () => {
    for (const random of [0, 0.5, 0.999999]) {
      for (const [index, seconds] of retrySeconds.entries()) {
        const verdict = decideDelivery(failed, { tries: index + 1, retrySeconds }, random);
        if (verdict.kind !== 'again') throw new Error('gave up early');
        expect(verdict.delayMs).toBeGreaterThanOrEqual(seconds * 800);
        expect(verdict.delayMs).toBeLessThanOrEqual(seconds * 1200);
      }
      expect(decideDelivery(failed, { tries: retrySeconds.length + 1, retrySeconds }, random).kind).toBe(
        'exhausted',
      );
    }
  });

  it('never comes before Retry-After, and never later than a day because of it', () => {
    const soon = decideDelivery({ ...failed, retryAfterMs: 120_000 }, { tries: 1, retrySeconds }, 0);
    expect(soon).toEqual({ kind: 'again', delayMs: 120_000 });
    const late = decideDelivery({ ...failed, retryAfterMs: 9e12 }, { tries: 1, retrySeconds }, 0);
    expect(late).toEqual({ kind: 'again', delayMs: 86_400_000 });
    const past = decideDelivery({ ...failed, retryAfterMs: 1 }, { tries: 2, retrySeconds }, 0.5);
    expect(past).toEqual({ kind: 'again', delayMs: 300_000 });
  });

  it('ends at once when the receiver is gone or has it', () => {
    expect(decideDelivery({ ...failed, statusCode: 410 }, { tries: 1, retrySeconds }, 0)).toEqual({
      kind: 'exhausted',
    });
    const done = { outcome: 'delivered' as const, statusCode: 204, retryAfterMs: null };
    expect(decideDelivery(done, { tries: 1, retrySeconds }, 0)).toEqual({ kind: 'delivered' });
  });

  it.each([
    ['120', 120_000],
    ['Mon, 23 Nov 2026 12:00:30 GMT', 30_000],
    ['Monday, 23-Nov-26 12:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2020 12:00:00 GMT', 0],
    ['999999999999', 999_999_999_999_000],
    ['-5', null],
    ['1.5', null],
    ['soon', null],
    ['', null],
    [undefined, null],
  ])('reads Retry-After %s', (header, ms) => {
    expect(parseRetryAfter(header, Date.parse('2026-11-23T12:00:00Z'))).toBe(ms);
  });
});

describe('the waits between probes of an endpoint that fails', () => {
  it.each([
    { retrySeconds, first: 30, greatest: 600 },
    { retrySeconds: [], first: 30, greatest: 600 },
    { retrySeconds: [60, 3600], first: 30, greatest: 600 },
    { retrySeconds: [1, 2, 4], first: 6, greatest: 120 },
    { retrySeconds: [0.2, 0.4], first: 2, greatest: 24 },
    { retrySeconds: [0.001], first: 1, greatest: 1 },
    { retrySeconds: [0], first: 1, greatest: 1 },
  ])('follow the schedule $retrySeconds', ({ retrySeconds: schedule, first, greatest }) => {
    expect(endpointThresholds(schedule)).toMatchObject({ probeSeconds: first, probeSecondsMax: greatest });
  });
});

describe('the body of a webhook', () => {
  const job = {
    id: 'job_1',
    object: 'job',
    status: 'succeeded',
    model: 'openai/gpt-5-mini',
    usage: { prompt_tokens: 1 },
    charge_usd: '0.000000001',
    error: null,
    batch_id: null,
    metadata: { k: 'v' },
    result: { choices: [] },
  };
  const facts = {
    eventId: 'evt_1',
    type: 'job.succeeded' as const,
    createdAt: new Date(1_700_000_000_999),
    job,
  };

  it('is thin: what happened and where to look', () => {
    expect(JSON.parse(webhookEvent({ ...facts, payload: 'thin' }))).toEqual({
      id: 'evt_1',
      object: 'event',
      type: 'job.succeeded',
      created_at: 1_700_000_000,
      data: {
        id: 'job_1',
        object: 'job',
        status: 'succeeded',
        model: 'openai/gpt-5-mini',
        usage: { prompt_tokens: 1 },
        charge_usd: '0.000000001',
        error: null,
        batch_id: null,
        metadata: { k: 'v' },
      },
    });
  });

  it('is full: the whole job beside it', () => {
    const event = JSON.parse(webhookEvent({ ...facts, payload: 'full' }));
    expect(event.data.job).toEqual(job);
    expect(event.data.id).toBe('job_1');
  });
});
