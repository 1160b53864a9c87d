import { z } from 'zod';
import { toResponse } from '../../../shared/formats/openai-responses/response-object.ts';
import { writeJson } from '../../../shared/platform/json/verbatim.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idParams } from '../../http/schemas.ts';
import { createSharedReads } from '../../http/shared-reads.ts';
import { type SendResponseDeps, sendResponse } from '../../responses/send-response.ts';
import { readResponse } from '../../responses/stored-response.ts';

const sequenceNumber = z
  .string()
  .regex(/^\d{1,9}$/, { error: 'must be the sequence_number of an event, a whole number' })
  .transform(Number);

/**
 * `GET /v1/responses/{id}`: the response as it stands, or with `stream=true` its events from `starting_after`
 * on.
 */
export function getResponse(app: App, deps: SendResponseDeps): void {
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
  const answers = createSharedReads<string>();
  app.get('/v1/responses/:id', options, async (request, reply) => {
    const { stream, starting_after: after = -1 } = request.query;
    const { id } = request.params;
    if (stream === 'true') return await sendResponse(deps, request, reply, { id, stream: true, after });
    const accountId = accountOf(request);
    const read = async () => writeJson(toResponse((await readResponse(deps.sql, accountId, id)).facts));
    const answer = await answers(`${accountId} ${id}`, read);
    return reply.type('application/json; charset=utf-8').send(answer);
  });
}
