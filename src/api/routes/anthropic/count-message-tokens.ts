import type { ChatRequest } from '../../../shared/domain/chat.ts';
import { nameFields } from '../../../shared/requests/field-names.ts';
import { countTokensShape } from '../../../shared/requests/message-request.ts';
import { type QuoteDeps, quoteJob } from '../../../shared/requests/quote-job.ts';
import type { Database } from '../../../shared/sql/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';

/**
 * `POST /v1/messages/count_tokens`: our own bound of what the input counts, the one a hold is made of. It is never less than what
 * a provider will count, and takes nothing.
 */
export function countMessageTokens(app: App, deps: QuoteDeps & { sql: Database }): void {
  const schema = { tags: ['anthropic'], summary: 'Count the tokens of a message', body: countTokensShape };
  app.post('/v1/messages/count_tokens', { config: { scope: 'read' }, schema }, async (request, reply) => {
    accountOf(request);
    reply.header('request-id', request.id);
    const body = { input_tokens: boundInput(deps, request.body) };
    return await idempotent(request, reply, deps, async () => ({ status: 200, body }));
  });
}

/** Problems are named as the client of this surface wrote its fields. */
function boundInput(deps: QuoteDeps, request: ChatRequest): number {
  try {
    return quoteJob(deps, { request, fallbacks: [], webhookUrl: null }, null).inputTokens;
  } catch (error) {
    throw nameFields('messages', error);
  }
}
