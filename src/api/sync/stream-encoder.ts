import type { ChatCompletion, Delta } from '../../shared/chat/chat.ts';
import type { Refusal } from '../../shared/errors.ts';
import type { JobRecord } from '../../shared/jobs/rules/job-row.ts';

/**
 * A finished call: the completion, and the job it was. Whoever asks for it again is answered the same, times
 * included.
 */
export type CallReply = {
  job: Pick<JobRecord, 'id' | 'createdAt' | 'finishedAt'>;
  completion: ChatCompletion;
};

/** How a surface says an answer piece by piece: each function gives the frames to send. */
export type StreamEncoder = {
  started(): string;
  delta(delta: Delta): string;
  /** Of an event in the client's own dialect; needed where calls may go through. */
  passed?(event: Record<string, unknown>): string;
  ended(answered: CallReply): string;
  failed(refusal: Refusal): string;
};
