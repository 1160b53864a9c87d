import { z } from 'zod';
import { chatRequestShape } from '../../shared/requests/chat-request.ts';
import { metadataShape } from '../../shared/requests/metadata-shape.ts';

/** An instant: RFC 3339 with an offset. */
const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

/** The longest a job may wait and run: a week. */
const expiresInSecondsMax = 604_800;

/** The body of `POST /v1/jobs` and `POST /v1/estimates`. Unknown fields are refused. */
export const jobBody = z.strictObject({
  request: chatRequestShape,
  priority: z.enum(['interactive', 'background', 'batch']).default('background'),
  stream: z.boolean().default(false),
  run_at: instant.optional(),
  expires_in_seconds: z.number().positive().max(expiresInSecondsMax).default(86_400),
  fallbacks: z.array(z.string().min(1).max(200)).max(5).default([]),
  max_attempts: z.int().min(1).max(10).default(5),
  webhook_url: z.string().min(1).max(2048).optional(),
  webhook_payload: z.enum(['thin', 'full']).default('thin'),
  metadata: metadataShape.default({}),
  cache: z.never({ error: 'responses are not cached yet: leave this out' }).optional(),
});

export type JobBody = z.output<typeof jobBody>;
