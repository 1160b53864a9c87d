import { openAsBlob } from 'node:fs';
import { callApi } from '../stack/admin.ts';
import { wallClockMs } from './wall-clock.ts';

type SentBatch = { batchId: string; sentAtMs: number };

/**
 * Uploads a file and begins a batch of it, as a client does; `sentAtMs` is the wall clock before the first
 * byte.
 */
export async function sendBatch(base: { url: string; key: string }, path: string): Promise<SentBatch> {
  const form = new FormData();
  form.set('purpose', 'batch');
  form.set('file', await openAsBlob(path), 'lines.jsonl');
  const sentAtMs = wallClockMs();
  const answer = await fetch(`${base.url}/v1/files`, {
    method: 'POST',
    headers: { authorization: `Bearer ${base.key}` },
    body: form,
  });
  if (!answer.ok) throw new Error(`an upload was answered ${answer.status}: ${await answer.text()}`);
  const { id: fileId } = (await answer.json()) as { id: string };
  const { body } = await callApi(base, 'POST', '/v1/batches', {
    body: { input_file_id: fileId, endpoint: '/v1/chat/completions', completion_window: '24h' },
  });
  return { batchId: (body as { id: string }).id, sentAtMs };
}
