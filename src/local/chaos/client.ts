import { randomUUID } from 'node:crypto';
import { sleep } from './faults/fault.ts';

/** One order, and everything its user saw of it. */
export type OrderHistory = {
  key: string;
  body: string;
  /** A status, or what went wrong on the way. */
  tries: { atMs: number; outcome: number | string }[];
  /** Every different answer that accepted it: there should be one. */
  acceptances: Set<string>;
  jobId: string | null;
  /** Refused for good: 402, 4xx. */
  refused: number | null;
  hasWebhook: boolean;
};

/** A user who never gives up: repeats an order under its key until it is known what became of it. */
export type ChaosClient = {
  key: string;
  accountId: string;
  /** The job's id once the order is accepted; null when it was refused, or is unknown after `patienceMs`. */
  submit(body: object): Promise<string | null>;
  /** True when the gateway took the wish. */
  cancel(jobId: string): Promise<boolean>;
  /** Asks again for every order that is still unknown. */
  retryUntilKnown(): Promise<void>;
  history(): readonly OrderHistory[];
  /** Answers a server must not give: a 5xx that is not 503 with Retry-After. */
  wrongAnswers(): readonly string[];
};

export type ChaosClientOptions = {
  urls(): string[];
  key: string;
  accountId: string;
  random(): number;
};

const requestTimeoutMs = 8000;
const patienceMs = 20_000;
const healedPatienceMs = 30_000;

export function createChaosClient(options: ChaosClientOptions): ChaosClient {
  const orders: OrderHistory[] = [];
  const wrong: string[] = [];

  async function post(path: string, body: string, headers: Record<string, string>) {
    const urls = options.urls();
    const url = urls[Math.floor(options.random() * urls.length)];
    if (url === undefined) return 'no API is up';
    try {
      const answer = await fetch(`${url}${path}`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${options.key}`, 'content-type': 'application/json', ...headers },
        signal: AbortSignal.timeout(requestTimeoutMs),
      });
      const text = await answer.text();
      const isPromised = answer.status === 503 && answer.headers.has('retry-after');
      if (answer.status >= 500 && !isPromised) wrong.push(`POST ${path} answered ${answer.status}: ${text}`);
      return { status: answer.status, text };
    } catch (error) {
      // Cut, refused or timed out: the server may have done it all the same.
      return error instanceof Error ? error.name : 'error';
    }
  }

  async function ask(order: OrderHistory, forMs: number): Promise<void> {
    const until = Date.now() + forMs;
    for (
      let waitMs = 50;
      order.jobId === null && order.refused === null;
      waitMs = Math.min(1000, waitMs * 2)
    ) {
      const answer = await post('/v1/jobs', order.body, { 'idempotency-key': order.key });
      const outcome = typeof answer === 'string' ? answer : answer.status;
      order.tries.push({ atMs: Date.now(), outcome });
      if (typeof answer !== 'string' && answer.status === 202) {
        order.acceptances.add(answer.text);
        order.jobId = (JSON.parse(answer.text) as { id: string }).id;
      } else if (typeof answer !== 'string' && answer.status < 500 && answer.status !== 429) {
        order.refused = answer.status;
      } else if (Date.now() > until) return;
      else await sleep(waitMs);
    }
    // Now and then the user asks once more: the answer must be the same, byte for byte.
    if (order.jobId !== null && options.random() < 0.1) {
      const again = await post('/v1/jobs', order.body, { 'idempotency-key': order.key });
      if (typeof again !== 'string' && again.status === 202) order.acceptances.add(again.text);
    }
  }

  return {
    key: options.key,
    accountId: options.accountId,
    submit: async (body) => {
      const order: OrderHistory = {
        key: randomUUID(),
        body: JSON.stringify(body),
        tries: [],
        acceptances: new Set(),
        jobId: null,
        refused: null,
        hasWebhook: 'webhook_url' in body,
      };
      orders.push(order);
      await ask(order, patienceMs);
      return order.jobId;
    },
    cancel: async (jobId) => {
      const answer = await post(`/v1/jobs/${jobId}/cancel`, '{}', {});
      return typeof answer !== 'string' && answer.status < 300;
    },
    retryUntilKnown: async () => {
      const unknown = orders.filter((order) => order.jobId === null && order.refused === null);
      await Promise.all(unknown.map((order) => ask(order, healedPatienceMs)));
    },
    history: () => orders,
    wrongAnswers: () => wrong,
  };
}
