import OpenAI from 'openai';
import { chatLine, createBatch, uploadLines, whenBatchEnded } from '../support/batches.ts';
import { type Client, type Gateway, jobBody, whenEnded } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * What the tenant of the sweep owns before it begins, so that paths lead somewhere. Also ids of what is
 * another tenant's.
 */
export type Stock = {
  tenantId: string;
  /** An account whose settings, keys and money the operator changes meanwhile. */
  pliableId: string;
  jobId: string;
  responseId: string;
  fileId: string;
  batchId: string;
  messageBatchId: string;
  endpointId: string;
  deliveryId: string;
  keyId: string;
  /** Ids of the innocent tenant's objects. */
  foreign: string[];
};

/** In what the innocent tenant has stored; no answer to anybody else may hold it. */
export const innocentCanary = 'numbat-canary';

/** Fills the stock. `hookUrl` takes every webhook, so that nothing is owed any more when the sweep begins. */
export async function fillStock(
  gateway: Gateway,
  hookUrl: string,
  tenant: { id: string; client: Client },
  innocent: Client,
  pliableId: string,
): Promise<Stock> {
  const own = await ownObjects(gateway, hookUrl, tenant.client, 'job of the tenant');
  const others = await ownObjects(gateway, hookUrl, innocent, `job about a ${innocentCanary}`);
  return { tenantId: tenant.id, pliableId, ...own, foreign: Object.values(others) };
}

async function ownObjects(gateway: Gateway, hookUrl: string, client: Client, text: string) {
  const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: client.key, maxRetries: 0 });
  const job = await client.call('POST /v1/jobs', jobBody(text, { max_tokens: 16, webhook_url: hookUrl }));
  const response = await client.call('POST /v1/responses', {
    model: 'openai/gpt-5-mini',
    input: text,
    max_output_tokens: 16,
  });
  const fileId = await uploadLines(openai, [chatLine('one', 'openai/gpt-5-mini', text)]);
  const batch = await createBatch(openai, [chatLine('one', 'openai/gpt-5-mini', text)]);
  const messages = [{ role: 'user', content: text }];
  const params = { model: 'anthropic/claude-haiku-4-5', max_tokens: 16, messages };
  const messageBatch = await client.call('POST /v1/messages/batches', {
    requests: [{ custom_id: 'one', params }],
  });
  const endpoint = await client.call('POST /v1/webhook_endpoints', {
    name: text,
    url: hookUrl,
    event_types: ['job.failed'],
  });
  const key = await client.call('POST /v1/keys', { scopes: ['read'] });
  await whenEnded(client, job.json.id);
  await whenBatchEnded(openai, batch.id);
  await waitFor('the end of a message batch', async () => {
    const { json } = await client.call(`GET /v1/messages/batches/${messageBatch.json.id}`);
    return json.processing_status === 'ended';
  });
  const delivered = await waitFor('the webhook', async () => {
    const { json } = await client.call('GET /v1/deliveries?status=delivered');
    return json.data.length === 1 ? json.data : null;
  });
  return {
    jobId: job.json.id as string,
    responseId: response.json.id as string,
    fileId,
    batchId: batch.id,
    messageBatchId: messageBatch.json.id as string,
    endpointId: endpoint.json.id as string,
    deliveryId: delivered[0].id as string,
    keyId: key.json.id as string,
  };
}
