import { z } from 'zod';
import type { JobSubmission, PricedRequest } from '../../jobs/submission.ts';
import { instant } from '../common/instant.ts';
import { metadataSchema } from '../common/metadata-schema.ts';
import { chatRequestSchema } from '../openai-chat/chat-request.ts';

/** The longest a job may wait and run: a week. */
const expiresInSecondsMax = 604_800;

/** The body of `POST /v1/jobs` and `POST /v1/estimates`. Unknown fields are refused. */
export const jobBody = z.strictObject({
  request: chatRequestSchema.describe(
    'A chat completion request as OpenAI takes it; `model` may be any of GET /v1/models',
  ),
  priority: z
    .enum(['interactive', 'background', 'batch'])
    .default('background')
    .describe("How urgent it is beside the account's other jobs"),
  stream: z.boolean().default(false).describe('Whether the output is told while it comes, as events'),
  run_at: instant.optional().describe('Not before this time'),
  expires_in_seconds: z
    .number()
    .positive()
    .max(expiresInSecondsMax)
    .default(86_400)
    .describe('From acceptance (or `run_at`) until it is given up, whatever it then does'),
  fallbacks: z
    .array(z.string().min(1).max(200))
    .max(5)
    .default([])
    .describe('Models to go to when an attempt fails, in this order'),
  max_attempts: z.int().min(1).max(10).default(5).describe('Over all models'),
  webhook_url: z
    .string()
    .min(1)
    .max(2048)
    .optional()
    .describe('Told the end, signed with the secret of the account'),
  webhook_payload: z
    .enum(['thin', 'full'])
    .default('thin')
    .describe('Whether the webhook carries the result'),
  metadata: metadataSchema.default({}),
  cache: z.never({ error: 'responses are not cached yet: leave this out' }).optional(),
});

type JobBody = z.output<typeof jobBody>;

/** The wire's body as a submission of the request in it, which `priced` is. */
export function toSubmission(body: JobBody, priced: PricedRequest): JobSubmission {
  return {
    surface: 'jobs',
    priced,
    lane: body.priority,
    stream: body.stream,
    runAt: body.run_at ?? null,
    expiresInSeconds: body.expires_in_seconds,
    fallbacks: body.fallbacks,
    maxAttempts: body.max_attempts,
    announces: 'job',
    webhookUrl: body.webhook_url ?? null,
    webhookPayload: body.webhook_payload,
    // Usage counts by it wherever it was given; what stands beside the request comes first.
    metadata: Object.keys(body.metadata).length > 0 ? body.metadata : (body.request.metadata ?? {}),
  };
}
