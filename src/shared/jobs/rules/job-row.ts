import type { Usage } from '../../chat/usage.ts';
import type { NanoUsd } from '../../money/rules/money.ts';
import type { JobError, JobState, Surface, WebhookObject } from './job.ts';

/**
 * A row of the table `jobs`, described here and nowhere else: every column that the code reads or writes, in
 * camel case. All other types of a job pick from it, by the lists below; statements are made from the same
 * lists.
 */
export type JobRow = {
  id: string;
  accountId: string;
  batchId: string | null;
  surface: Surface;
  state: JobState;
  /** Index into `lanes`. */
  lane: number;
  /** What was asked for. */
  model: string;
  /** Where it waits or runs now: the target with this index, its provider and its model. */
  provider: string;
  targetModel: string;
  target: number;
  /** The number of the newest attempt: the fence. */
  attempts: number;
  /** The attempts that count towards `maxAttempts`. */
  tries: number;
  maxAttempts: number;
  holdId: string;
  holdNano: NanoUsd;
  inputTokensBound: number;
  /** Input and output together: what one call may take of a provider's tokens per minute. */
  tokensBound: number;
  stream: boolean;
  /** As what its end is announced to webhooks; null when it only answers a call. */
  announces: WebhookObject | null;
  webhookUrl: string | null;
  webhookPayload: 'thin' | 'full';
  metadata: Record<string, string>;
  /** When it may be called, at the earliest. */
  runAt: Date;
  expiresInSeconds: number;
  deadlineAt: Date;
  /** Id of the last event known to the row; of the final event once the job is final. */
  eventSeq: number;
  error: JobError | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
};

type Fields = readonly (keyof JobRow)[];

/** What a submission decides; the other columns begin with their defaults, or with what the batch says. */
export const submittedFields = [
  'surface',
  'lane',
  'model',
  'provider',
  'targetModel',
  'maxAttempts',
  'inputTokensBound',
  'tokensBound',
  'stream',
  'announces',
  'webhookUrl',
  'webhookPayload',
  'metadata',
] as const satisfies Fields;

/** What a new job is stored with. */
export const newFields = [
  ...submittedFields,
  'id',
  'accountId',
  'holdId',
  'holdNano',
  'runAt',
  'createdAt',
  'expiresInSeconds',
] as const satisfies Fields;
export type NewJob = Omit<Pick<JobRow, (typeof newFields)[number]>, 'runAt'> & {
  /** Null is now. */
  runAt: Date | null;
};

/** What readers of a job are shown, without its texts and its charge. */
export const recordFields = [
  'id',
  'accountId',
  'batchId',
  'surface',
  'state',
  'lane',
  'model',
  'provider',
  'attempts',
  'holdNano',
  'metadata',
  'error',
  'stream',
  'eventSeq',
  'createdAt',
  'startedAt',
  'finishedAt',
] as const satisfies Fields;

/** What the ending of a job is made from. */
const endableFields = [
  'id',
  'accountId',
  'batchId',
  'lane',
  'model',
  'provider',
  'attempts',
  'holdNano',
  'stream',
  'announces',
  'webhookUrl',
  'webhookPayload',
  'metadata',
  'createdAt',
  'startedAt',
] as const satisfies Fields;
export type EndableJob = Pick<JobRow, (typeof endableFields)[number]>;

/** What a run needs of the job that it claimed. */
export const claimedFields = [
  ...endableFields,
  'tries',
  'maxAttempts',
  'target',
  'inputTokensBound',
  'deadlineAt',
  'eventSeq',
] as const satisfies Fields;

/** What ends or requeues a job that nobody runs. */
export const stoppableFields = [
  ...endableFields,
  'state',
  'tries',
  'maxAttempts',
  'target',
  'eventSeq',
] as const satisfies Fields;

/** What a job is submitted again from. */
export const resubmittedFields = [
  'id',
  'state',
  'lane',
  'stream',
  'maxAttempts',
  'expiresInSeconds',
  'webhookUrl',
  'webhookPayload',
  'metadata',
] as const satisfies Fields;

/** A job as it stands, without its texts. */
export type JobRecord = Pick<JobRow, (typeof recordFields)[number]> & {
  /**
   * The model whose answer was charged, as `provider/model`: that of a fallback, it may be; null while
   * nothing is charged.
   */
  answeredModel: string | null;
  chargeNano: NanoUsd | null;
  estimated: boolean;
  usage: Usage | null;
};
