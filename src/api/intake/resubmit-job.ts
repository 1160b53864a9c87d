import type { ChatRequest } from '../../shared/chat/chat.ts';
import { lanes } from '../../shared/jobs/rules/job.ts';
import type { StoredSubmission } from '../../shared/jobs/sql/jobs.ts';
import { restoreTargets } from '../../shared/jobs/stored-targets.ts';
import { type JobSubmission, priceRequest, type QuoteDeps } from '../../shared/jobs/submission.ts';
import { readJson } from '../../shared/platform/json/read-json.ts';
import { retryMetadata } from './retry-metadata.ts';

/**
 * The submission of a job that ended, to be made once more: as it was, at once, at today's price. Throws a
 * 422.
 */
export function resubmitJob(
  deps: QuoteDeps,
  stored: StoredSubmission,
  text: string,
  defaultMaxOutputTokens: number | null,
): JobSubmission {
  const [, ...targets] = restoreTargets(stored.targets);
  const fallbacks = targets.map((target) => target.model);
  const { pass_through: passThrough, ...request } = readJson(text) as ChatRequest;
  const { webhookUrl } = stored;
  return {
    surface: 'jobs',
    priced: priceRequest(deps, { request, passThrough, fallbacks, webhookUrl }, defaultMaxOutputTokens),
    lane: lanes[stored.lane] ?? 'background',
    stream: stored.stream,
    runAt: null,
    expiresInSeconds: stored.expiresInSeconds,
    fallbacks,
    maxAttempts: stored.maxAttempts,
    announces: 'job',
    webhookUrl,
    webhookPayload: stored.webhookPayload,
    metadata: retryMetadata(stored.id, stored.metadata),
  };
}
