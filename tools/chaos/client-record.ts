/** One request of a submission: when (ms since the epoch), to whom, and its status or why there was none. */
export type Try = { atMs: number; url: string; outcome: number | 'timeout' | 'error' };

/**
 * A submission as its user saw it. Nothing is ever taken back; a submission without answer is unknown, not
 * failed.
 */
export type SubmissionHistory = {
  key: string;
  /** Words that stand in the prompt of this order and of no other. */
  canary: string;
  path: string;
  bodyText: string;
  hasWebhook: boolean;
  tries: Try[];
  jobId: string | null;
  /** The answer that said no for good; null while accepted or unknown. */
  refusal: { status: number; type: string } | null;
  /** Every different answer. Of refusals the request id is left out, which differs by right. */
  answers: { status: number; body: string }[];
};

/**
 * An answer that the contract does not have. `idempotency`: one key got two jobs, two answers or a conflict
 * with itself.
 */
export type WrongAnswer = { promise: 'answers' | 'idempotency'; jobId: string | null; detail: string };

/** Everything one client knows. */
export type ClientRecord = {
  accountId: string;
  submissions: SubmissionHistory[];
  /** The canaries of the lines of its batches; the gateway decides which of them become jobs. */
  lines: string[];
  cancellations: { jobId: string; tries: Try[] }[];
  wrongAnswers: WrongAnswer[];
};

/** True until the submission was accepted or refused for good. */
export function isUnknown(submission: SubmissionHistory): boolean {
  return submission.jobId === null && submission.refusal === null;
}

/**
 * True when a request was sent whose fate nobody saw: a job may exist whatever was answered to the others.
 */
export function mayExistUnseen(submission: SubmissionHistory): boolean {
  return submission.tries.some(({ outcome }) => typeof outcome === 'string' || outcome >= 500);
}
