import type { Connections } from './connections.ts';
import { type PostLimits, postWebhook } from './post-webhook.ts';
import type { PostResult } from './rules/delivery.ts';
import { signWebhook } from './sign.ts';

export type SendDeps = { connections: Connections; limits: PostLimits; now(): number };

/** The bytes of an event, where to, and the secrets that sign it, the newest first. */
export type SignedSend = {
  url: string;
  eventId: string;
  text: string;
  secrets: string[];
  signal: AbortSignal;
};

/** Signs an event as of now and posts it once. Rejects only when `signal` aborted it. */
export async function sendWebhook(deps: SendDeps, send: SignedSend): Promise<PostResult> {
  const body = Buffer.from(send.text, 'utf8');
  const timestampSeconds = Math.floor(deps.now() / 1000);
  const signed = signWebhook({ id: send.eventId, timestampSeconds, body }, send.secrets);
  const headers = { 'content-type': 'application/json', 'user-agent': 'llm-job-gateway', ...signed };
  return await postWebhook(deps, { url: send.url, headers, body, signal: send.signal }, deps.limits);
}
