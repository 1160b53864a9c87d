import { z } from 'zod';
import type { App } from '../../http/app.ts';
import { type ModelsDeps, toAnthropicModel, toModelObject, usableModels } from './model-object.ts';

/**
 * `GET /v1/models`: every model that can be used now, at once. With `anthropic-version` in Anthropic's shape.
 */
export function listModels(app: App, deps: ModelsDeps): void {
  app.get(
    '/v1/models',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['models'],
        summary: 'The models that can be used, with prices and limits',
        response: { 200: z.looseObject({ data: z.array(z.looseObject({ id: z.string() })) }) },
      },
    },
    async (request) => {
      const models = usableModels(deps);
      const ends = { first_id: models[0]?.model.id ?? null, last_id: models.at(-1)?.model.id ?? null };
      const anthropic = request.headers['anthropic-version'] !== undefined;
      if (anthropic) return { data: models.map(toAnthropicModel), has_more: false, ...ends };
      return { object: 'list', data: models.map(toModelObject), has_more: false, ...ends };
    },
  );
}
