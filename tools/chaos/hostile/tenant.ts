import { callApi } from '../../stack/admin.ts';
import { ask, isBrokenAnswer, pick, type Reply } from '../ask.ts';
import { type BatchClient, createBatchClient } from '../batch-client.ts';
import { type ChaosClient, canaryOf, createChaosClient } from '../client.ts';
import type { ClientRecord } from '../client-record.ts';
import { type Cluster, openAccount } from '../cluster.ts';
import type { Sink } from '../sink.ts';

/** A tenant whose every request is allowed, and meant to make others wait. */
export type HostileTenant = {
  client: ChaosClient;
  batches: BatchClient;
  /** One request; an answer that the contract does not have is written down. */
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
  /** Words to be known by, for what is submitted past `client`. */
  newWords(): string;
  /** An endpoint of its own, whose receiver takes what is sent and says nothing. */
  hangingEndpoint: string;
  records(): ClientRecord[];
};

export type RequestOptions = { key?: string; body?: string; timeoutMs?: number };

const requestTimeoutMs = 20_000;

export async function openHostileTenant(
  cluster: Cluster,
  sink: Sink,
  random: () => number,
): Promise<HostileTenant> {
  const accountId = 'hostile';
  const key = await openAccount(cluster, accountId, '5');
  const urls = () => cluster.members.urls();
  const client = createChaosClient({ urls, key, accountId, random, webhookUrl: null });
  const batches = createBatchClient({ urls, key, accountId, random });
  const { body } = await callApi({ url: urls()[0] ?? '', key }, 'POST', '/v1/webhook_endpoints', {
    // No event is sent to it; only tests are posted to it.
    body: { name: 'hangs', url: sink.hangingUrl, event_types: ['batch.expired'] },
  });
  return {
    client,
    batches,
    hangingEndpoint: (body as { id: string }).id,
    async request(method, path, { key: idempotencyKey, body: text, timeoutMs = requestTimeoutMs } = {}) {
      const headers: Record<string, string> = { authorization: `Bearer ${key}` };
      if (text !== undefined) headers['content-type'] = 'application/json';
      if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
      const init = { method, headers, ...(text === undefined ? {} : { body: text }) };
      const reply = await ask(`${pick(urls(), random()) ?? ''}${path}`, init, timeoutMs);
      if (reply.kind === 'answer' && isBrokenAnswer(reply)) {
        const detail = `${method} ${path} was answered ${reply.status} ${reply.body.slice(0, 300)}`;
        client.record().wrongAnswers.push({ promise: 'answers', jobId: null, detail });
      }
      return reply;
    },
    newWords() {
      const { lines } = client.record();
      const canary = canaryOf(accountId, lines.length, random());
      lines.push(canary);
      return canary;
    },
    records: () => [client.record(), batches.record()],
  };
}
