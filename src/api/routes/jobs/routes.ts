import type { App } from '../../http/app.ts';
import type { RouteDeps } from '../../server-deps.ts';
import { cancelJobRoute, cancelJobsRoute, deleteJobRoute } from './cancel.ts';
import { listJobsRoute } from './list.ts';
import { getJobRoute, listAttemptsRoute } from './read.ts';
import { createStreamTokenRoute, streamJobRoute } from './stream.ts';
import { streamJobsRoute } from './stream-many.ts';
import { estimateJobRoute, retryJobRoute, submitJobRoute } from './submit.ts';

/** Jobs: submitted, read, followed and cancelled. */
export function jobRoutes(app: App, deps: RouteDeps): void {
  submitJobRoute(app, deps);
  estimateJobRoute(app, deps);
  listJobsRoute(app, deps);
  getJobRoute(app, deps);
  cancelJobRoute(app, deps);
  cancelJobsRoute(app, deps);
  deleteJobRoute(app, deps);
  retryJobRoute(app, deps);
  listAttemptsRoute(app, deps);
  streamJobRoute(app, deps);
  streamJobsRoute(app, deps);
  createStreamTokenRoute(app, deps);
}
