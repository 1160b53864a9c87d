import { z } from 'zod';
import { notFound } from '../../../shared/errors.ts';
import type { App } from '../../http/app.ts';
import { findUsableModel, type ModelsDeps, toAnthropicModel, toModelObject } from './model-object.ts';

/** `GET /v1/models/{provider}/{model}`, the slash encoded or not, or an alias. */
export function readModel(app: App, deps: ModelsDeps): void {
  app.get(
    '/v1/models/*',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['models'],
        summary: 'One model, by id or alias',
        params: z.object({ '*': z.string() }),
        response: { 200: z.looseObject({ id: z.string() }) },
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
