import { type Answer, isBrokenAnswer, type Reply } from './ask.ts';
import type { SubmissionHistory, Try, WrongAnswer } from './client-record.ts';

/**
 * Writes what came of one try into the history of its submission, and gives what was wrong about it. Only an
 * acceptance and a refusal that a repeat cannot change settle the submission; everything else leaves it as
 * unknown as it was.
 */
export function noteReply(
  submission: SubmissionHistory,
  at: { atMs: number; url: string },
  reply: Reply,
): WrongAnswer[] {
  submission.tries.push(toTry(at, reply));
  if (reply.kind !== 'answer') return [];
  const wrong = (promise: WrongAnswer['promise'], detail: string): WrongAnswer[] => [
    { promise, jobId: submission.jobId, detail: `${submission.key}: ${detail}` },
  ];
  const isNew = addAnswer(submission, reply);
  // The answer of a call is whatever its job came to; the bytes of one that streams come as they may.
  if (reply.jobId !== null && submission.path !== '/v1/jobs') {
    const isOther = isNew && reply.status === 200 && submission.answers.filter(isWhole).length > 1;
    return noteJob(submission, reply.jobId, isOther, wrong);
  }
  const received = `${reply.status} ${reply.body.slice(0, 500)}`;
  if (isBrokenAnswer(reply)) return wrong('answers', `answered ${received}`);
  if (isTransient(reply)) return [];
  if (reply.status === 202) return noteAcceptance(submission, reply, isNew, wrong);
  if (reply.status < 400) return wrong('answers', `answered ${received}`);
  if (submission.jobId !== null) return wrong('idempotency', `accepted before, now answered ${received}`);
  submission.refusal = { status: reply.status, type: errorTypeOf(reply.body) };
  return reply.status === 409 ? wrong('idempotency', `in conflict with itself: ${received}`) : [];
}

/** The same as a line of a history. */
export function toTry(at: { atMs: number; url: string }, reply: Reply): Try {
  return { ...at, outcome: reply.kind === 'answer' ? reply.status : reply.kind };
}

function noteAcceptance(
  submission: SubmissionHistory,
  reply: Answer,
  isNew: boolean,
  wrong: (promise: WrongAnswer['promise'], detail: string) => WrongAnswer[],
): WrongAnswer[] {
  const jobId = idOf(reply.body);
  if (jobId === null) return wrong('answers', `202 without a job: ${reply.body.slice(0, 500)}`);
  return noteJob(submission, jobId, isNew, wrong);
}

/** A whole answer, which is the same for everybody who asks for it. */
function isWhole({ status, body }: { status: number; body: string }): boolean {
  return status === 200 && body.startsWith('{');
}

function noteJob(
  submission: SubmissionHistory,
  jobId: string,
  isOther: boolean,
  wrong: (promise: WrongAnswer['promise'], detail: string) => WrongAnswer[],
): WrongAnswer[] {
  if (submission.jobId === null) {
    submission.jobId = jobId;
    return [];
  }
  if (submission.jobId !== jobId)
    return wrong('idempotency', `one key, two jobs: ${submission.jobId} and ${jobId}`);
  return isOther ? wrong('idempotency', 'one key, one job, other bytes') : [];
}

/** Overload, downtime, and an earlier request with this key still at work: to be asked again. */
function isTransient({ status, retryAfterMs }: Answer): boolean {
  return status === 429 || status === 503 || status === 408 || (status === 409 && retryAfterMs !== null);
}

/** True when no answer before was the same. */
function addAnswer(submission: SubmissionHistory, { status, body }: Answer): boolean {
  const kept = status < 400 ? body : body.replace(/"request_id":"[^"]*",?/, '');
  if (submission.answers.some((one) => one.status === status && one.body === kept)) return false;
  submission.answers.push({ status, body: kept });
  return true;
}

function idOf(body: string): string | null {
  const { id } = parse(body);
  return typeof id === 'string' ? id : null;
}

function errorTypeOf(body: string): string {
  const { error_type: type } = parse(body);
  return typeof type === 'string' ? type : 'unknown';
}

function parse(body: string): { id?: unknown; error_type?: unknown } {
  try {
    return (JSON.parse(body) ?? {}) as { id?: unknown; error_type?: unknown };
  } catch {
    return {};
  }
}
