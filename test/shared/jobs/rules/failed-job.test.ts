import { expect, test } from 'vitest';
import { refusalOf } from '../../../../src/shared/jobs/rules/failed-job.ts';
import type { JobError } from '../../../../src/shared/jobs/rules/job.ts';

const rejected: JobError = { type: 'provider_rejected', message: 'no', provider_status: 400 };

test.each<[string, JobError, object]>([
  ['a rejection', rejected, { type: 'provider_rejected', extras: {} }],
  [
    'one with a code',
    { ...rejected, provider_code: 'context_length_exceeded' },
    { extras: { code: 'context_length_exceeded' } },
  ],
  ['one with a status that SDKs know', { ...rejected, provider_status: 404 }, { extras: { status: 404 } }],
  [
    'a failure, whatever its code',
    { ...rejected, type: 'provider_failed', provider_code: 'x' },
    { type: 'provider_failed', extras: {} },
  ],
  ['a cancel by another', { ...rejected, type: 'cancelled' }, { type: 'provider_failed' }],
])('%s', (_what, error, expected) => {
  expect(refusalOf(error)).toMatchObject(expected);
});
