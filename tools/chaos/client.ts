import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, isBrokenAnswer, pick, type Reply } from './ask.ts';
import { type ClientRecord, isUnknown, type SubmissionHistory } from './client-record.ts';
import { inParallel } from './in-parallel.ts';
import { noteReply, toTry } from './note-reply.ts';

export type ChaosClientOptions = {
  /** The API addresses that may be up now; any of them may be down. */
  urls(): string[];
  key: string;
  accountId: string;
  /** In [0, 1); a client's own, so that its submissions are its own. */
  random(): number;
  webhookUrl: string | null;
  requestTimeoutMs?: number;
  /** How long `submit` asks before it leaves a submission unknown. */
  giveUpMs?: number;
  /** How long `retryUntilKnown` asks for each submission. */
  healedGiveUpMs?: number;
};

export type ChaosSubmission = {
  /** The prompt; markers of the simulator may stand in it. */
  text: string;
  /** An image that stands beside the text, as a data URL. */
  imageUrl?: string;
  model?: string;
  maxTokens?: number;
  stream?: boolean;
  /** With a webhook, when the client has somewhere to receive it. */
  webhook?: boolean;
  /** Waits for its answer, as a chat completion. */
  isCall?: boolean;
  /** Other fields of the body. */
  more?: Record<string, unknown>;
};

export type ChaosClient = {
  /** Asks for a job until there is an answer or `maxWaitMs` is over. What was not answered stays unknown. */
  submit(submission: ChaosSubmission): Promise<SubmissionHistory>;
  cancel(jobId: string): Promise<void>;
  /** Asks again for every unknown submission; for when the faults are healed. */
  retryUntilKnown(): Promise<void>;
  record(): ClientRecord;
};

/**
 * An accepted submission is asked for once more this often: the answer must be the same job in the same
 * bytes.
 */
const repeatShare = 0.1;
/** Faults last seconds, so nobody is obeyed who asks for longer. */
const waitMsMax = 1000;
const retriesAtOnce = 32;
const callPath = '/v1/chat/completions';
/** A call is known when its job has ended, which may wait for a model that nobody may call for a minute. */
const callGiveUpMs = 120_000;

/**
 * A user who keeps a log: submits jobs under keys of its own, repeats a submission under the same key at any
 * address until it is known what became of it, and writes down every request and every answer. Knows nothing
 * of the gateway but its API.
 */
export function createChaosClient(options: ChaosClientOptions): ChaosClient {
  const { accountId, random, requestTimeoutMs = 5000, giveUpMs = 30_000, healedGiveUpMs = 30_000 } = options;
  const record: ClientRecord = { accountId, submissions: [], lines: [], cancellations: [], wrongAnswers: [] };

  async function post(path: string, key: string, body: string): Promise<{ url: string; reply: Reply }> {
    const url = pick(options.urls(), random());
    if (url === undefined) return { url: '', reply: { kind: 'error', message: 'no address' } };
    const headers = {
      authorization: `Bearer ${options.key}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    };
    return { url, reply: await ask(`${url}${path}`, { method: 'POST', headers, body }, requestTimeoutMs) };
  }

  async function submission(history: SubmissionHistory): Promise<Reply> {
    const atMs = Date.now();
    const { url, reply } = await post(history.path, history.key, history.bodyText);
    record.wrongAnswers.push(...noteReply(history, { atMs, url }, reply));
    return reply;
  }

  async function submitUntilKnown(history: SubmissionHistory, maxWaitMs: number): Promise<void> {
    const untilMs = Date.now() + maxWaitMs;
    for (let waitMs = 50; ; waitMs = Math.min(waitMsMax, waitMs * 2)) {
      const reply = await submission(history);
      if (!isUnknown(history) || Date.now() > untilMs) return;
      const askedMs = reply.kind === 'answer' ? (reply.retryAfterMs ?? 0) : 0;
      await sleep(Math.min(waitMsMax, Math.max(askedMs, waitMs * (0.5 + random()))));
    }
  }

  async function cancelUntilKnown(jobId: string): Promise<void> {
    const cancellation: ClientRecord['cancellations'][number] = { jobId, tries: [] };
    record.cancellations.push(cancellation);
    const untilMs = Date.now() + giveUpMs;
    for (let waitMs = 50; Date.now() < untilMs; waitMs = Math.min(waitMsMax, waitMs * 2)) {
      const atMs = Date.now();
      const { url, reply } = await post(`/v1/jobs/${jobId}/cancel`, `cancel-${jobId}`, '{}');
      cancellation.tries.push(toTry({ atMs, url }, reply));
      if (reply.kind === 'answer') {
        const detail = `its cancellation was answered ${reply.status} ${reply.body.slice(0, 500)}`;
        if (isBrokenAnswer(reply) || reply.status === 404)
          record.wrongAnswers.push({ promise: 'answers', jobId, detail });
        if (reply.status < 500 && reply.status !== 429) return;
      }
      await sleep(waitMs);
    }
  }

  return {
    submit: async (wanted) => {
      const history = newHistory(options, wanted, record.submissions.length);
      record.submissions.push(history);
      await submitUntilKnown(history, giveUpMs);
      if (history.jobId !== null && random() < repeatShare) await submission(history);
      return history;
    },
    cancel: cancelUntilKnown,
    retryUntilKnown: () =>
      inParallel(retriesAtOnce, record.submissions.filter(isUnknown), (history) =>
        submitUntilKnown(history, history.path === callPath ? callGiveUpMs : healedGiveUpMs),
      ),
    record: () => record,
  };
}

function newHistory(options: ChaosClientOptions, wanted: ChaosSubmission, number: number): SubmissionHistory {
  const { text, model = 'openai/gpt-5-mini', maxTokens = 64, stream = false, more = {} } = wanted;
  const isCall = wanted.isCall === true;
  const canary = canaryOf(options.accountId, number, options.random());
  const hasWebhook = !isCall && wanted.webhook === true && options.webhookUrl !== null;
  const request = {
    model,
    messages: [{ role: 'user', content: contentOf(`${canary} ${text}`, wanted) }],
    max_tokens: maxTokens,
  };
  const job = {
    request,
    stream,
    ...(hasWebhook ? { webhook_url: options.webhookUrl } : {}),
    ...more,
  };
  return {
    key: `submission-${canary}`,
    canary,
    path: isCall ? callPath : '/v1/jobs',
    bodyText: JSON.stringify(isCall ? { ...request, stream } : job),
    hasWebhook,
    tries: [],
    jobId: null,
    refusal: null,
    answers: [],
  };
}

function contentOf(text: string, { imageUrl }: ChaosSubmission): unknown {
  if (imageUrl === undefined) return text;
  return [
    { type: 'text', text },
    { type: 'image_url', image_url: { url: imageUrl } },
  ];
}

/** The shape of every canary, for finding them in stored text. */
export const canaryPattern = 'canary-[0-9a-f]{24}';

/** Words that no other submission has. */
export function canaryOf(accountId: string, number: number, drawn: number): string {
  const hash = createHash('sha256').update(`${accountId} ${number} ${drawn}`).digest('hex');
  return `canary-${hash.slice(0, 24)}`;
}
