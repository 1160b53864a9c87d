import { createHmac } from 'node:crypto';
import type { ReceivedWebhook } from '../receiver.ts';
import type { Broken, Invariant } from './evidence.ts';

export const webhookInvariants: Invariant[] = [
  {
    name: 'every final job that owes a webhook has one delivery, and it was taken',
    broken: ({ jobs, deliveries, received }) => {
      const taken = new Set(received.map(({ id }) => id));
      const byJob = new Map<string, string[]>();
      for (const { job_id, event_id } of deliveries)
        byJob.set(job_id, [...(byJob.get(job_id) ?? []), event_id]);
      return [...jobs.values()].flatMap(({ id, webhook_url }) => {
        if (webhook_url === null) return [];
        const events = byJob.get(id) ?? [];
        if (events.length !== 1) return [{ jobId: id, detail: `${events.length} deliveries` }];
        return taken.has(events[0] ?? '') ? [] : [{ jobId: id, detail: 'its webhook never arrived' }];
      });
    },
  },
  {
    name: 'every try of a webhook carries the bytes that were frozen with its job',
    broken: ({ deliveries, received }) => {
      const frozen = new Map(deliveries.map((delivery) => [delivery.event_id, delivery]));
      return received.flatMap(({ id, body }): Broken[] => {
        const delivery = frozen.get(id);
        if (delivery === undefined) return [{ jobId: null, detail: `webhook ${id} is nobody's` }];
        return body.toString('utf8') === delivery.body
          ? []
          : [{ jobId: delivery.job_id, detail: 'other bytes were sent' }];
      });
    },
  },
  {
    name: 'every webhook is signed with the secret of its account',
    broken: ({ received, webhookSecret }) =>
      received
        .filter((webhook) => !isSigned(webhook, webhookSecret))
        .map(({ id }) => ({ jobId: null, detail: `the signature of ${id} does not verify` })),
  },
  {
    name: 'what a webhook says of its job is what became of it',
    broken: ({ jobs, received }) =>
      received.flatMap(({ body }) => {
        const { type, data } = JSON.parse(body.toString('utf8')) as { type: string; data: { id: string } };
        const job = jobs.get(data.id);
        return type === `job.${job?.state}`
          ? []
          : [{ jobId: data.id, detail: `${type}, but it is ${job?.state}` }];
      }),
  },
];

/** As Standard Webhooks 1.0 has it. */
function isSigned({ id, timestamp, signature, body }: ReceivedWebhook, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return signature.split(' ').includes(`v1,${expected}`);
}
