import { createHmac } from 'node:crypto';

/**
 * The headers of Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body` with the bytes behind `whsec_`, once per
 * secret, so that a receiver with the old or the new one can verify.
 */
export function signWebhook(
  secrets: string[],
  message: { id: string; timestampSeconds: number; body: string },
): Record<string, string> {
  const content = `${message.id}.${message.timestampSeconds}.${message.body}`;
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  });
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestampSeconds),
    'webhook-signature': signatures.join(' '),
  };
}
