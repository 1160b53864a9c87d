import type { ChatRequest } from '../../shared/domain/chat.ts';
import { lanes } from '../../shared/domain/job.ts';
import { readJson } from '../../shared/json/read-json.ts';
import type { JobOrder } from '../../shared/requests/quote-job.ts';
import type { StoredOrder } from '../../shared/sql/jobs.ts';
import { restoreTargets } from '../../shared/stored-targets.ts';
import { retryMetadata } from './retry-metadata.ts';

/** The order of a job that ended, to be placed once more: as it was, at once, at today's price. */
export function orderAgain(stored: StoredOrder, request: string): JobOrder {
  const [, ...fallbacks] = restoreTargets(stored.targets);
  return {
    surface: 'jobs',
    original: null,
    request: readJson(request) as ChatRequest,
    lane: lanes[stored.lane] ?? 'background',
    stream: stored.stream,
    runAt: null,
    expiresInSeconds: stored.expiresInSeconds,
    fallbacks: fallbacks.map((target) => target.model),
    maxAttempts: stored.maxAttempts,
    announces: 'job',
    webhookUrl: stored.webhookUrl,
    webhookPayload: stored.webhookPayload === 'full' ? 'full' : 'thin',
    metadata: retryMetadata(stored.id, stored.metadata),
  };
}
