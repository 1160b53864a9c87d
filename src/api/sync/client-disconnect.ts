import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { countRequests } from '../../shared/jobs/sql/sync-calls.ts';
import type { BackgroundTasks } from '../../shared/platform/background-tasks.ts';
import { type CancelDeps, cancelOne } from '../intake/cancel-job.ts';
import type { SubmittedCall } from './submit-call.ts';

/** A client whose connection broke has this long to come back before the call it asked for is stopped. */
const returnMs = 10_000;
/** While the server closes: as long as an SDK takes to ask again. */
const closingReturnMs = 2000;

/** Aborts when the client leaves before its answer was sent; aborted already when it has left. */
export function onDisconnect(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  const leave = () => {
    if (!reply.raw.writableFinished) gone.abort();
  };
  if (reply.raw.destroyed) leave();
  else reply.raw.on('close', leave);
  return gone.signal;
}

export type DisconnectDeps = CancelDeps & { backgroundTasks: BackgroundTasks; closing: AbortSignal };

/**
 * Stops a call whose client left before it was sent anything, unless it comes back in time, here or at
 * another process. A server that closes waits for that, with less patience: nobody else knows of the client
 * that left.
 */
export function cancelUnlessReattached(deps: DisconnectDeps, call: SubmittedCall): void {
  deps.backgroundTasks.track(cancelLater(deps, call));
}

async function cancelLater(deps: DisconnectDeps, { accountId, jobId, asks }: SubmittedCall): Promise<void> {
  await sleep(returnMs, undefined, { signal: deps.closing }).catch(() => sleep(closingReturnMs));
  if ((await countRequests(deps.sql, jobId)) <= asks) await cancelOne(deps, accountId, jobId);
}
