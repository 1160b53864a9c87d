import type { Prompt } from './prompt.ts';
import type { Reply } from './reply.ts';

/** One event of a stream; `tokens` is what has been put out with it and before it. */
export type StreamEvent = { frame: string; tokens: number };

/** A refusal as the provider would word it. */
export type Refusal = { status: number; code: string | null; message: string; retryAfter: string | null };

/** One provider's wire: requests in, bodies and events out. */
export type Wire = {
  /** Throws `BadRequest` for what the real provider would refuse. */
  read(body: unknown, at: { model: string; stream: boolean; headers: Record<string, unknown> }): Prompt;
  plain(prompt: Prompt, reply: Reply): unknown;
  events(prompt: Prompt, reply: Reply): StreamEvent[];
  refuse(refusal: Refusal): unknown;
  /** An error event in the middle of a stream. */
  streamError(): string;
};

export function sse(data: unknown, event?: string): string {
  const name = event === undefined ? '' : `event: ${event}\n`;
  return `${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}
