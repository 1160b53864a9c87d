import { z } from 'zod';
import { notFound, Refusal } from '../../../shared/errors.ts';
import type { App } from '../../http/app.ts';
import { documentedAs, json } from '../../openapi/components.ts';
import {
  anthropicModelListSchema,
  anthropicModelSchema,
  modelListSchema,
  modelSchema,
} from '../../openapi/schemas/model.ts';
import {
  findUsableModel,
  type ModelsDeps,
  toAnthropicModel,
  toModelObject,
  usableModels,
} from './model-object.ts';

const versionHeader = z.object({
  'anthropic-version': documentedAs(z.string(), { type: 'string' })
    .optional()
    .describe("Any version asks for Anthropic's shape"),
});

/**
 * `GET /v1/models`: every model that can be used now, at once. With `anthropic-version` in Anthropic's shape.
 */
export function listModelsRoute(app: App, deps: ModelsDeps): void {
  app.get(
    '/v1/models',
    {
      config: { scope: 'read', headers: versionHeader },
      schema: {
        operationId: 'listModels',
        response: { 200: json(z.union([modelListSchema, anthropicModelListSchema])) },
        tags: ['models'],
        summary: 'The models that can be used, with prices and limits',
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

/** `GET /v1/models/{provider}/{model}`, the slash encoded or not, or an alias. */
export function getModelRoute(app: App, deps: ModelsDeps): void {
  app.get(
    '/v1/models/*',
    {
      config: { scope: 'read', headers: versionHeader },
      schema: {
        operationId: 'getModel',
        response: { 200: json(z.union([modelSchema, anthropicModelSchema])) },
        tags: ['models'],
        summary: 'One model, by id or alias',
        params: z.object({ '*': z.string() }),
      },
    },
    async (request) => {
      const found = findUsableModel(deps, request.params['*']);
      if (found === null) throw notFound('model');
      return request.headers['anthropic-version'] === undefined
        ? toModelObject(found)
        : toAnthropicModel(found);
    },
  );
}

/** `POST /v1/embeddings`: not served, and says so instead of looking like a mistyped path. */
export function refuseEmbeddingsRoute(app: App): void {
  app.post('/v1/embeddings', { config: { scope: 'jobs' }, schema: { hide: true } }, async () => {
    throw new Refusal('not_found', 'This gateway does not serve embeddings');
  });
}
