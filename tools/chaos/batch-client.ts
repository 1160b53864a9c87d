import { ask, pick, type Reply } from './ask.ts';
import { canaryOf } from './client.ts';
import type { ClientRecord } from './client-record.ts';
import { sleep } from './faults/fault.ts';

export type BatchClientOptions = {
  urls(): string[];
  key: string;
  accountId: string;
  /** In [0, 1). */
  random(): number;
};

/** What became of a batch, as its user saw it. `tookMs` is from the first byte of its file to its end. */
export type BatchEnding = {
  id: string;
  status: string;
  codes: string[];
  counts: { total: number; completed: number; failed: number };
  /** Of the lines in its error file, by custom_id. */
  refusedLines: Record<string, string>;
  tookMs: number;
};

export type BatchClient = {
  /**
   * Uploads a file of these prompts, begins a batch of it and looks until it has ended; null when that took
   * longer.
   */
  run(prompts: string[], maxWaitMs: number): Promise<BatchEnding | null>;
  /** Uploads a file of lines that may each write so much, and begins batches of it; how many were taken. */
  begin(prompts: string[], options: { batches: number; maxTokens: number }): Promise<number>;
  record(): ClientRecord;
};

const model = 'openai/gpt-4.1-mini';
const lineTokens = 16;
const requestTimeoutMs = 20_000;
const pollMs = 100;
const againMs = 200;
const finalStates = new Set(['completed', 'failed', 'expired', 'cancelled']);

/** A user of batches, of any account. Remembers the words by which the jobs of its lines are known. */
export function createBatchClient(options: BatchClientOptions): BatchClient {
  const { accountId, random } = options;
  const record: ClientRecord = { accountId, submissions: [], lines: [], cancellations: [], wrongAnswers: [] };
  const request = requestWith(options);
  const insist = insistWith(request);

  async function upload(prompts: string[], maxTokens: number, untilMs: number): Promise<string | null> {
    const lines = prompts.map((text, index) => {
      const canary = canaryOf(accountId, record.lines.length, random());
      record.lines.push(canary);
      return lineOf(`${canary} ${text}`, index, maxTokens);
    });
    const form = new FormData();
    form.set('purpose', 'batch');
    form.set('file', new Blob(lines), 'lines.jsonl');
    const file = await insist(untilMs, 'POST', '/v1/files', form);
    return typeof file?.['id'] === 'string' ? file['id'] : null;
  }

  async function whenEnded(id: string, untilMs: number): Promise<Json | null> {
    while (Date.now() < untilMs) {
      const batch = await insist(untilMs, 'GET', `/v1/batches/${id}`);
      if (batch === null || finalStates.has(String(batch['status']))) return batch;
      await sleep(pollMs);
    }
    return null;
  }

  return {
    async run(prompts, maxWaitMs) {
      const beganMs = Date.now();
      const untilMs = beganMs + maxWaitMs;
      const fileId = await upload(prompts, lineTokens, untilMs);
      const begun = fileId === null ? null : await insist(untilMs, 'POST', '/v1/batches', batchOf(fileId));
      const batch = begun === null ? null : await whenEnded(String(begun['id']), untilMs);
      if (batch === null) return null;
      const tookMs = Date.now() - beganMs;
      const errorFileId = batch['error_file_id'];
      const hasErrors = typeof errorFileId === 'string';
      const refused = hasErrors ? await request('GET', `/v1/files/${errorFileId}/content`) : null;
      return toEnding(batch, refused, tookMs);
    },
    async begin(prompts, { batches, maxTokens }) {
      const fileId = await upload(prompts, maxTokens, Date.now() + requestTimeoutMs);
      if (fileId === null) return 0;
      const begin = () => request('POST', '/v1/batches', batchOf(fileId));
      const replies = await Promise.all(Array.from({ length: batches }, begin));
      return replies.filter((reply) => reply.kind === 'answer' && reply.status < 300).length;
    },
    record: () => record,
  };
}

type Json = Record<string, unknown>;
type Request = (method: string, path: string, body?: FormData | object) => Promise<Reply>;

function requestWith({ urls, key, random }: BatchClientOptions): Request {
  return async (method, path, body) => {
    const isForm = body instanceof FormData;
    const headers: Record<string, string> = { authorization: `Bearer ${key}` };
    if (body !== undefined && !isForm) headers['content-type'] = 'application/json';
    const sent = body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) };
    const url = pick(urls(), random()) ?? '';
    return await ask(`${url}${path}`, { method, headers, ...sent }, requestTimeoutMs);
  };
}

/** Asks until there is an answer that a repeat cannot change; null when it is no, or `untilMs` is over. */
function insistWith(request: Request) {
  return async (untilMs: number, ...what: Parameters<Request>): Promise<Json | null> => {
    while (Date.now() < untilMs) {
      const reply = await request(...what);
      if (reply.kind === 'answer' && reply.status < 300) return JSON.parse(reply.body) as Json;
      if (reply.kind === 'answer' && reply.status < 500 && reply.status !== 429) return null;
      await sleep(againMs);
    }
    return null;
  };
}

function lineOf(text: string, index: number, maxTokens: number): string {
  const body = { model, messages: [{ role: 'user', content: text }], max_tokens: maxTokens };
  const line = { custom_id: `line-${index}`, method: 'POST', url: '/v1/chat/completions', body };
  return `${JSON.stringify(line)}\n`;
}

function batchOf(fileId: string): object {
  return { input_file_id: fileId, endpoint: '/v1/chat/completions', completion_window: '24h' };
}

function toEnding(batch: Json, refused: Reply | null, tookMs: number): BatchEnding {
  const errors = (batch['errors'] as { data?: { code: string }[] } | null)?.data ?? [];
  return {
    id: String(batch['id']),
    status: String(batch['status']),
    codes: errors.map(({ code }) => code),
    counts: batch['request_counts'] as BatchEnding['counts'],
    refusedLines: refused?.kind === 'answer' && refused.status === 200 ? codesOf(refused.body) : {},
    tookMs,
  };
}

type ErrorLine = {
  custom_id: string;
  error: { code?: string } | null;
  response?: { body?: { error?: { code?: string } } } | null;
};

function codesOf(errorFile: string): Record<string, string> {
  const lines = errorFile.split('\n').filter((line) => line !== '');
  const answers = lines.map((line) => JSON.parse(line) as ErrorLine);
  const codeOf = ({ error, response }: ErrorLine) => error?.code ?? response?.body?.error?.code ?? 'unknown';
  return Object.fromEntries(answers.map((answer) => [answer.custom_id, codeOf(answer)]));
}
