import { z } from 'zod';
import { notFound } from '../../../shared/errors.ts';
import type { App } from '../../http/app.ts';
import { apiOf } from '../../http/vendor-words.ts';
import { documentedAs, json } from '../../openapi/components.ts';
import {
  anthropicModelListSchema,
  anthropicModelSchema,
  modelListSchema,
  modelSchema,
} from '../../openapi/schemas/model.ts';
import { toAnthropicModel } from './anthropic-model.ts';
import { anthropicPage, anthropicPageQuery } from './anthropic-page.ts';
import { findUsableModel, type ModelsDeps, toModelObject, usableModels } from './model-object.ts';

const versionHeader = z.object({
  'anthropic-version': documentedAs(z.string(), { type: 'string' })
    .optional()
    .describe("Any version asks for Anthropic's shape"),
});

/**
 * `GET /v1/models`: every model that can be used now, at once. With `anthropic-version` in Anthropic's shape,
 * and in pages where they are asked for.
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
        querystring: anthropicPageQuery,
      },
    },
    async (request) => {
      const models = usableModels(deps);
      if (apiOf(request) === 'anthropic') return anthropicPage(models.map(toAnthropicModel), request.query);
      const ends = { first_id: models[0]?.model.id ?? null, last_id: models.at(-1)?.model.id ?? null };
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
      return apiOf(request) === 'anthropic' ? toAnthropicModel(found) : toModelObject(found);
    },
  );
}
