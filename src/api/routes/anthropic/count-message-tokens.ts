import { countTokensSchema } from '../../../shared/formats/anthropic-messages/message-request.ts';
import type { Database } from '../../../shared/platform/postgres/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { validatedOf } from '../../http/validated-body.ts';

/**
 * `POST /v1/messages/count_tokens`: our own bound of what the input counts, the one a hold is made of. It is
 * never less than what a provider will count, and takes nothing.
 */
export function countMessageTokens(app: App, deps: { sql: Database }): void {
  const schema = { tags: ['anthropic'], summary: 'Count the tokens of a message', body: countTokensSchema };
  const config = { scope: 'read' as const, judged: 'tokens' as const };
  app.post('/v1/messages/count_tokens', { config, schema }, async (request, reply) => {
    accountOf(request);
    reply.header('request-id', request.id);
    const body = { input_tokens: validatedOf(request, 'tokens').inputTokens };
    return await idempotent(request, reply, deps, async () => ({ status: 200, body }));
  });
}
