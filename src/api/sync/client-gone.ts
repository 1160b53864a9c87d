import type { FastifyReply } from 'fastify';
import { countAsks } from '../../shared/sql/sync-calls.ts';
import { type CancelDeps, cancelOne } from '../intake/cancel-job.ts';
import type { PlacedCall } from './place-call.ts';

/** A client whose connection broke has this long to come back before the call it asked for is stopped. */
const returnMs = 10_000;

/** Aborts when the client leaves before its answer was sent; aborted already when it has left. */
export function whenGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  const leave = () => {
    if (!reply.raw.writableFinished) gone.abort();
  };
  if (reply.raw.destroyed) leave();
  else reply.raw.on('close', leave);
  return gone.signal;
}

/** Stops a call whose client left before it was told anything, unless it comes back in time, here or at another process. */
export function cancelUnlessAskedAgain(deps: CancelDeps, call: PlacedCall): void {
  setTimeout(() => {
    void countAsks(deps.sql, call.jobId)
      .then((asks) => (asks > call.asks ? false : cancelOne(deps, call.accountId, call.jobId)))
      .catch(() => undefined);
  }, returnMs).unref();
}
