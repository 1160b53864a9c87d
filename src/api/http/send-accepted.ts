import type { FastifyReply } from 'fastify';

/** An accepted job, or the remembered answer of one, on its way to the caller. */
export type AcceptedReply = { status: number; location: string; reply: string; replayed: boolean };

/** Sends the very bytes that an idempotent repeat gets again. */
export function sendAccepted(reply: FastifyReply, accepted: AcceptedReply): FastifyReply {
  if (accepted.replayed) reply.header('idempotent-replayed', 'true');
  return reply
    .status(accepted.status)
    .header('location', accepted.location)
    .type('application/json; charset=utf-8')
    .send(accepted.reply);
}
