import { callApi } from '../stack/admin.ts';
import type { Gateway } from './gateway.ts';
import { type SubmissionOptions, submissionBody } from './submission-body.ts';

/** Submits one job over HTTP and gives its id. */
export async function submitJob(
  gateway: Gateway,
  key: string,
  options: SubmissionOptions = {},
): Promise<string> {
  const submission = JSON.parse(submissionBody(options)) as object;
  const { body } = await callApi({ url: gateway.api.url, key }, 'POST', '/v1/jobs', { body: submission });
  return (body as { id: string }).id;
}
