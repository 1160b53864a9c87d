import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { type IntakeDeps, quoteJob } from '../../intake/accept-job.ts';
import { countTokensShape } from '../../translate/anthropic-request.ts';

/**
 * `POST /v1/messages/count_tokens`: our own bound of what the input counts, the one a hold is made of. It is never less than what
 * a provider will count, and takes nothing.
 */
export function countMessageTokens(app: App, deps: IntakeDeps): void {
  const schema = { tags: ['anthropic'], summary: 'Count the tokens of a message', body: countTokensShape };
  app.post('/v1/messages/count_tokens', { config: { scope: 'read' }, schema }, async (request, reply) => {
    accountOf(request);
    const quote = quoteJob(
      deps,
      {
        surface: 'messages',
        original: null,
        request: request.body,
        lane: 'interactive',
        stream: false,
        runAt: null,
        expiresInSeconds: 60,
        fallbacks: [],
        maxAttempts: 1,
        announces: null,
        webhookUrl: null,
        webhookPayload: 'thin',
        metadata: {},
      },
      null,
    );
    reply.header('request-id', request.id);
    return { input_tokens: quote.inputTokens };
  });
}
