import { type Agent, request } from 'undici';
import type { Posted } from '../../shared/domain/delivery.ts';
import { answerBytesMax, BlockedTarget } from './guarded-agent.ts';

/** The whole of one try, however slowly its answer drips. */
const tryMs = 15_000;

/**
 * The one outbound POST of a webhook. Never throws: whatever happens is what the try came to. Redirects are not followed,
 * nothing is decompressed, at most 64 KiB of the answer are read and none is kept.
 */
export async function postWebhook(
  agent: Agent,
  post: { url: string; headers: Record<string, string>; body: string },
): Promise<Posted> {
  const began = performance.now();
  const ended = () => Math.round(performance.now() - began);
  try {
    const answer = await request(post.url, {
      method: 'POST',
      headers: { ...post.headers, 'content-type': 'application/json', 'user-agent': 'llm-job-gateway' },
      body: post.body,
      dispatcher: agent,
      signal: AbortSignal.timeout(tryMs),
    });
    await drain(answer.body);
    return {
      statusCode: answer.statusCode,
      error: answer.statusCode >= 200 && answer.statusCode < 300 ? null : `answered ${answer.statusCode}`,
      blocked: false,
      durationMs: ended(),
      remoteIp: null,
      retryAfterMs: readRetryAfter(answer.headers['retry-after'], Date.now()),
    };
  } catch (error) {
    const blocked = isBlocked(error);
    return {
      statusCode: null,
      error: blocked ? `ssrf_blocked: ${messageOf(error)}` : messageOf(error),
      blocked,
      durationMs: ended(),
      remoteIp: null,
      retryAfterMs: null,
    };
  }
}

async function drain(body: AsyncIterable<Buffer> & { destroy(): void }): Promise<void> {
  let read = 0;
  try {
    for await (const chunk of body) {
      read += chunk.length;
      if (read > answerBytesMax) break;
    }
  } catch (error) {
    // The status has said enough; only a try that ran out of time has failed.
    if ((error as Error).name === 'TimeoutError') throw error;
  }
  body.destroy();
}

function isBlocked(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof BlockedTarget) return true;
  }
  return false;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no whole answer within ${tryMs / 1000} s`;
  const code = (error as { code?: unknown }).code;
  return (typeof code === 'string' ? `${code}: ${error.message}` : error.message).slice(0, 500);
}

/** Retry-After as RFC 9110 has it: seconds, or a date. */
export function readRetryAfter(header: string | string[] | undefined, nowMs: number): number | null {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return null;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
