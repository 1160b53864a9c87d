import { newId } from '../../src/shared/ids.ts';
import type { JobIntake } from '../../src/shared/jobs/sql/accept-jobs.ts';

/** A job to be accepted, of the account `one` for the provider `openai`; `more` is what the test is about. */
export function intakeOf(more: Partial<JobIntake> = {}): JobIntake {
  return {
    id: newId('job'),
    accountId: 'one',
    idempotencyKey: null,
    fingerprint: null,
    reply: '{}',
    surface: 'jobs',
    original: null,
    lane: 1,
    model: 'openai/a',
    provider: 'openai',
    targetModel: 'openai/a',
    maxAttempts: 5,
    holdId: newId('hold'),
    holdNano: 100n,
    inputTokensBound: 1,
    tokensBound: 2,
    stream: false,
    announces: null,
    webhookUrl: null,
    webhookPayload: 'thin',
    metadata: {},
    runAt: null,
    createdAt: new Date(),
    expiresInSeconds: 60,
    request: '{}',
    targets: '[{"provider":"openai","model":"openai/a"}]',
    call: null,
    express: null,
    ...more,
  };
}
