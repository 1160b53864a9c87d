import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Breach, Evidence, Invariant, ReceivedWebhook } from '../evidence.ts';
import { submissionFinder } from './find-submission.ts';

/** What was owed to a receiver, and what it got. */
export const webhookInvariants: Invariant[] = [
  { name: 'every final job with a webhook has one delivery, and it arrived', check: checkOwed },
  { name: 'a webhook is about one final job, in the same bytes each time', check: checkContents },
  { name: 'every webhook is signed with the secret of its account', check: checkSignatures },
];

function checkOwed({ clients, stored, received }: Evidence): Breach[] {
  const arrived = new Set(received.map(({ id }) => id));
  const findSubmission = submissionFinder(clients);
  return [...stored.jobs.values()].flatMap((job): Breach[] => {
    const { id, is_final, state } = job;
    const deliveries = stored.deliveries.get(id) ?? [];
    const isOwed = is_final && findSubmission(job)?.hasWebhook === true;
    if (deliveries.length !== (isOwed ? 1 : 0))
      return [{ jobId: id, detail: `${state}, and has ${deliveries.length} deliveries` }];
    return deliveries.flatMap((delivery) => [
      ...(delivery.state === 'delivered' ? [] : [{ jobId: id, detail: `its delivery is ${delivery.state}` }]),
      ...(arrived.has(delivery.event_id) ? [] : [{ jobId: id, detail: 'its webhook never arrived' }]),
    ]);
  });
}

function checkContents({ stored, received }: Evidence): Breach[] {
  const deliveries = new Map([...stored.deliveries.values()].flat().map((one) => [one.event_id, one]));
  const first = new Map<string, Buffer>();
  return received.flatMap(({ id, body }): Breach[] => {
    const delivery = deliveries.get(id);
    if (delivery === undefined) return [{ jobId: null, detail: `webhook ${id} belongs to no delivery` }];
    const jobId = delivery.job_id;
    const before = first.get(id) ?? body;
    first.set(id, before);
    if (!before.equals(body)) return [{ jobId, detail: `${id} came again in other bytes` }];
    if (!body.equals(Buffer.from(delivery.body)))
      return [{ jobId, detail: `${id} is not what was frozen with the end of its job` }];
    const event = readEvent(body);
    const job = stored.jobs.get(jobId);
    const isTrue = event.id === id && event.jobId === jobId && event.type === `job.${job?.state}`;
    if (isTrue && job?.is_final === true) return [];
    return [
      { jobId, detail: `${id} says ${event.id}, ${event.jobId} ${event.type}; the job is ${job?.state}` },
    ];
  });
}

function checkSignatures({ stored, received, webhookSecret }: Evidence): Breach[] {
  const deliveries = new Map([...stored.deliveries.values()].flat().map((one) => [one.event_id, one]));
  return received.flatMap((webhook): Breach[] => {
    const delivery = deliveries.get(webhook.id);
    const secret =
      typeof webhookSecret === 'string' ? webhookSecret : webhookSecret[delivery?.account_id ?? ''];
    if (secret !== undefined && isSigned(webhook, secret)) return [];
    return [{ jobId: delivery?.job_id ?? null, detail: `the signature of ${webhook.id} does not verify` }];
  });
}

function readEvent(body: Buffer): { id?: unknown; type?: unknown; jobId?: unknown } {
  try {
    const { id, type, data } = JSON.parse(body.toString()) as {
      id: unknown;
      type: unknown;
      data: { id: unknown };
    };
    return { id, type, jobId: data.id };
  } catch {
    return {};
  }
}

/**
 * Standard Webhooks 1.0: any of the signatures is HMAC-SHA256 over `<id>.<timestamp>.<body>` under the
 * decoded secret.
 */
function isSigned({ id, timestamp, signature, body }: ReceivedWebhook, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const right = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  return signature.split(' ').some((one) => {
    const given = Buffer.from(one.replace(/^v1,/, ''), 'base64');
    return one.startsWith('v1,') && given.length === right.length && timingSafeEqual(given, right);
  });
}
