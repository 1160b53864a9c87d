import type { App } from '../http/app.ts';
import type { RouteDeps } from '../server-deps.ts';
import { accountRoutes } from './account/routes.ts';
import { adminRoutes } from './admin/routes.ts';
import { anthropicRoutes } from './anthropic/routes.ts';
import { batchRoutes } from './batches/routes.ts';
import { fileRoutes } from './files/routes.ts';
import { jobRoutes } from './jobs/routes.ts';
import { modelRoutes } from './models/routes.ts';
import { openaiRoutes } from './openai/routes.ts';
import { operationRoutes } from './operations/routes.ts';
import { webhookRoutes } from './webhooks/routes.ts';

/** The explicit list of routes, by resource. */
const resources = [
  jobRoutes,
  openaiRoutes,
  anthropicRoutes,
  fileRoutes,
  batchRoutes,
  accountRoutes,
  webhookRoutes,
  modelRoutes,
  adminRoutes,
  operationRoutes,
];

/**
 * Registers the routes of every resource, each as a plugin of its own, whose hooks are for its routes alone.
 */
export async function addRoutes(app: App, deps: RouteDeps): Promise<void> {
  for (const addResource of resources) {
    await app.register(async (scope) => addResource(scope as unknown as App, deps));
  }
}
