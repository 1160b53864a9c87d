import { z } from 'zod';
import type { App } from '../../http/app.ts';
import { idParams } from '../../http/shapes.ts';
import { type TellDeps, tellResponse } from '../../responses/tell-response.ts';

const sequenceNumber = z
  .string()
  .regex(/^\d{1,9}$/, { error: 'must be the sequence_number of an event, a whole number' })
  .transform(Number);

/** `GET /v1/responses/{id}`: the response as it stands, or with `stream=true` its events from `starting_after` on. */
export function getResponse(app: App, deps: TellDeps): void {
  const schema = {
    tags: ['openai'],
    summary: 'Retrieve a response',
    params: idParams,
    querystring: z.strictObject({
      stream: z.enum(['true', 'false']).optional(),
      starting_after: sequenceNumber.optional(),
      include_obfuscation: z.string().optional(),
      include: z.union([z.string(), z.array(z.string())]).optional(),
      'include[]': z.union([z.string(), z.array(z.string())]).optional(),
    }),
  };
  const options = { exposeHeadRoute: false, config: { scope: 'read' as const }, schema };
  app.get('/v1/responses/:id', options, async (request, reply) => {
    const { stream, starting_after: after = -1 } = request.query;
    return await tellResponse(deps, request, reply, {
      id: request.params.id,
      stream: stream === 'true',
      after,
    });
  });
}
