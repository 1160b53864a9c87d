import { Refusal } from '../../../shared/errors.ts';
import type { App } from '../../http/app.ts';

/** `POST /v1/embeddings`: not served, and says so instead of looking like a mistyped path. */
export function refuseEmbeddings(app: App): void {
  app.post('/v1/embeddings', { config: { scope: 'jobs' }, schema: { hide: true } }, async () => {
    throw new Refusal('not_found', 'This gateway does not serve embeddings');
  });
}
