import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createChaosClient } from '../../../tools/chaos/client.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/**
 * A server that answers with these in turn, the last one for ever; `cut` reads the request and breaks the
 * connection.
 */
async function serveInTurn(...answers: ('cut' | 'hang' | Reply)[]) {
  const asked: { key: string; body: string }[] = [];
  const url = await serve(async (request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? 'cut';
    asked.push({ key: String(request.headers['idempotency-key']), body: await readBody(request) });
    if (answer === 'hang') return;
    if (answer === 'cut') request.socket.destroy();
    else response.writeHead(answer.status, answer.headers ?? {}).end(JSON.stringify(answer.body ?? {}));
  });
  return { url, asked };
}
type Reply = { status: number; headers?: Record<string, string>; body?: object };

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

const accepted: Reply = { status: 202, body: { id: 'job_1' } };
const unavailable: Reply = { status: 503, headers: { 'retry-after': '1' } };

/** Draws that never resubmit an accepted submission, and draws that always do. */
const seldom = () => 0.99;
const always = () => 0;

function clientOf(urls: string[], more: Partial<Parameters<typeof createChaosClient>[0]> = {}) {
  return createChaosClient({
    urls: () => urls,
    key: 'k',
    accountId: 'acct',
    random: seldom,
    webhookUrl: 'http://127.0.0.1:1/hook',
    requestTimeoutMs: 1000,
    giveUpMs: 20_000,
    ...more,
  });
}

test('a submission is repeated under its key, byte for byte, until it is known what became of it', async () => {
  const { url, asked } = await serveInTurn('cut', unavailable, 'hang', { status: 429 }, accepted);
  const client = clientOf([url]);
  const submission = await client.submit({ text: 'please', webhook: true });
  expect(submission.tries.map(({ outcome }) => outcome)).toEqual(['error', 503, 'timeout', 429, 202]);
  expect(new Set(asked.map(({ key, body }) => `${key} ${body}`)).size).toBe(1);
  expect(submission).toMatchObject({ jobId: 'job_1', refusal: null, hasWebhook: true });
  expect(JSON.parse(submission.bodyText).request.messages[0].content).toBe(`${submission.canary} please`);
  expect(client.record().wrongAnswers).toEqual([]);
});

test('what was never answered stays unknown, and is asked again when the faults are healed', async () => {
  const { url } = await serveInTurn('cut', 'cut', accepted);
  const client = clientOf([url], { giveUpMs: 0 });
  const submission = await client.submit({ text: 'a' });
  expect(submission).toMatchObject({ jobId: null, refusal: null });
  await client.retryUntilKnown();
  expect(submission.jobId).toBe('job_1');
});

test('a refusal ends the asking and is kept with its type', async () => {
  const { url } = await serveInTurn({ status: 402, body: { error_type: 'insufficient_funds' } });
  const submission = await clientOf([url]).submit({ text: 'a' });
  expect(submission.refusal).toEqual({ status: 402, type: 'insufficient_funds' });
  expect(submission.tries.length).toBe(1);
});

test('a conflict that says when to come back is an earlier request at work, one that does not is wrong', async () => {
  const busy: Reply = { status: 409, headers: { 'retry-after': '1' } };
  const { url } = await serveInTurn(busy, accepted, { status: 409 });
  const client = clientOf([url]);
  expect((await client.submit({ text: 'a' })).jobId).toBe('job_1');
  expect(client.record().wrongAnswers).toEqual([]);
  await client.submit({ text: 'b' });
  expect(client.record().wrongAnswers).toMatchObject([{ promise: 'idempotency' }]);
});

test.each([
  ['500', { status: 500 }],
  ['502', { status: 502 }],
  ['503 without Retry-After', { status: 503 }],
])('%s is a wrong answer, and the submission goes on', async (_name, wrong) => {
  const { url } = await serveInTurn(wrong, accepted);
  const client = clientOf([url]);
  expect((await client.submit({ text: 'a' })).jobId).toBe('job_1');
  expect(client.record().wrongAnswers).toMatchObject([{ promise: 'answers' }]);
});

test.each([
  ['another job', { status: 202, body: { id: 'job_2' } }, 'two jobs'],
  ['other bytes', { status: 202, body: { id: 'job_1', more: 1 } }, 'other bytes'],
  ['a refusal', { status: 402 }, 'accepted before'],
])('one key that gets %s the second time is wrong', async (_name, second, words) => {
  const { url } = await serveInTurn(accepted, second);
  const client = clientOf([url], { random: always });
  await client.submit({ text: 'a' });
  expect(client.record().wrongAnswers).toMatchObject([
    { promise: 'idempotency', jobId: 'job_1', detail: expect.stringContaining(words) },
  ]);
});

test('a cancellation is repeated until answered, and an accepted job must be found', async () => {
  const { url } = await serveInTurn('cut', { status: 409 }, { status: 404 });
  const client = clientOf([url]);
  await client.cancel('job_1');
  expect(client.record().wrongAnswers).toEqual([]);
  await client.cancel('job_2');
  expect(client.record().cancellations.map(({ tries }) => tries.map(({ outcome }) => outcome))).toEqual([
    ['error', 409],
    [404],
  ]);
  expect(client.record().wrongAnswers).toMatchObject([{ promise: 'answers', jobId: 'job_2' }]);
});
