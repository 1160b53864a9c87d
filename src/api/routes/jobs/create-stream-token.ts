import { z } from 'zod';
import { notFound } from '../../../shared/errors.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { SecretsKey } from '../../../shared/platform/seal.ts';
import type { StreamTokens } from '../../auth/stream-token.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { idParams } from '../../http/schemas.ts';
import type { JobWatcher } from '../../watch/job-watcher.ts';

/**
 * `POST /v1/jobs/{id}/stream_token`: lets a browser watch this one job for the next five minutes, and no
 * longer than the caller's key works.
 */
export function createStreamToken(
  app: App,
  deps: {
    sql: Database;
    config: { secretsKey: SecretsKey; http: { publicUrl: string | null } };
    watcher: Pick<JobWatcher, 'find'>;
    streamTokens: StreamTokens;
  },
): void {
  app.post(
    '/v1/jobs/:id/stream_token',
    {
      config: { scope: 'jobs' },
      schema: {
        tags: ['jobs'],
        summary: 'Make a token for EventSource, valid for five minutes and this job',
        params: idParams,
        response: { 200: z.object({ token: z.string(), expires_at: z.string(), url: z.string() }) },
      },
    },
    async (request, reply) => {
      const accountId = accountOf(request);
      const job = await deps.watcher.find(request.params.id);
      if (job === null || job.accountId !== accountId) throw notFound('job');
      const { keyId, until } = request.caller;
      reply.header('cache-control', 'no-store');
      const work = async () => {
        const { token, expiresAt } = deps.streamTokens.issue({ jobId: job.id, accountId, keyId, until });
        const path = `/v1/jobs/${job.id}/events?token=${token}`;
        const url = `${deps.config.http.publicUrl ?? ''}${path}`;
        return { status: 200, body: { token, expires_at: expiresAt.toISOString(), url } };
      };
      return await idempotent(request, reply, deps, work, { sealWith: deps.config.secretsKey });
    },
  );
}
