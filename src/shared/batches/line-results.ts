import type { ChatCompletion } from '../chat/chat.ts';
import { type Refusal, statusOf } from '../errors.ts';
import { suffixOf } from '../ids.ts';
import { refusalOf } from '../jobs/rules/failed-job.ts';
import type { JobError } from '../jobs/rules/job.ts';
import { readJson } from '../platform/json/read-json.ts';
import { writeJson } from '../platform/json/verbatim.ts';
import { endpoints } from './endpoints.ts';
import type { BatchEndpointName } from './rules/batch.ts';
import type { EndedLine } from './sql/assemble-batch.ts';

/**
 * The error of OpenAI's APIs that says the same as a refusal. `request.` before a field is a word of the
 * native API.
 */
export function openaiError({ message, type, extras }: Pick<Refusal, 'message' | 'type' | 'extras'>) {
  const bare = (text: string) => text.replace(/^request\./, '');
  const { param = '' } = extras;
  return { message: bare(message), type, code: type, param: param === '' ? null : bare(param) };
}

/** A line of the output file or of the error file, as OpenAI writes them. */
export type LineResult = { isError: boolean; text: string };

/** What a line came to. `unrun` says why a line that never became a job did not run. */
export function toLineResult(
  ended: EndedLine,
  batch: { id: string; endpoint: BatchEndpointName },
  unrun: 'batch_expired' | 'batch_cancelled' | 'processing_failed',
): LineResult {
  const id = requestIdOf(ended, batch);
  const write = (response: object | null, error: object | null, isError: boolean): LineResult => ({
    isError,
    text: `${writeJson({ id, custom_id: ended.customId, response, error })}\n`,
  });
  const answered = (status_code: number, body: unknown) =>
    write({ status_code, request_id: ended.jobId ?? id, body }, null, status_code >= 400);
  const notRun = (code: keyof typeof unrunMessages) =>
    write(null, { code, message: unrunMessages[code] }, true);

  if (ended.refusal !== null && isUnprocessed(ended.refusal)) return notRun('processing_failed');
  if (ended.refusal !== null) return answered(422, { error: ended.refusal });
  if (ended.state === null) return notRun(unrun);
  if (ended.state === 'expired') return notRun('batch_expired');
  if (ended.state === 'cancelled') return notRun('batch_cancelled');
  if (ended.state === 'failed' && ended.error !== null) {
    const refusal = refusalOf(ended.error as JobError);
    return answered(statusOf(refusal), { error: openaiError(refusal) });
  }
  if (ended.result === null || ended.jobId === null) return notRun('result_erased');
  const completion = readJson(ended.result) as ChatCompletion;
  const { model, createdAt, finishedAt } = ended;
  const job = {
    jobId: ended.jobId,
    model: model ?? '',
    createdAt: createdAt ?? new Date(),
    finishedAt: finishedAt ?? new Date(),
  };
  return answered(200, endpoints[batch.endpoint].write(completion, { ...job, original: ended.original }));
}

/** The line of the error file for one whose processing ended process after process: nothing of it is read. */
export function toSkippedResult(
  line: Pick<EndedLine, 'line' | 'customId' | 'jobId'>,
  batch: { id: string },
): string {
  const error = { code: 'processing_failed', message: unrunMessages.processing_failed };
  const id = requestIdOf(line, batch);
  return `${JSON.stringify({ id, custom_id: line.customId, response: null, error })}\n`;
}

function requestIdOf({ jobId, line }: Pick<EndedLine, 'jobId' | 'line'>, batch: { id: string }): string {
  return `batch_req_${suffixOf(jobId ?? `${batch.id}_${line}`)}`;
}

function isUnprocessed(refusal: object): boolean {
  return (refusal as { code?: unknown }).code === 'processing_failed';
}

const unrunMessages = {
  batch_expired: 'This request could not be executed before the completion window expired.',
  batch_cancelled: 'This request was cancelled before it had a result.',
  processing_failed: 'Processing this request failed three times, so it was given up.',
  result_erased: 'The result of this request was erased before the files of its batch were written.',
};
