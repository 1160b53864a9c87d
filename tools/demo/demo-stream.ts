import { callApi } from '../stack/admin.ts';
import type { Base } from './demo-batch.ts';

/**
 * Submits one job with `stream: true` and shows its text as it comes. Says whether the text rebuilt from the
 * events equals the stored result.
 */
export async function streamOne(
  base: Base,
  show: (text: string) => void,
): Promise<{ jobId: string; equal: boolean }> {
  const { body } = await callApi(base, 'POST', '/v1/jobs', {
    body: {
      request: {
        model: 'openai/gpt-5-mini',
        messages: [{ role: 'user', content: 'Tell a very short story about a courier who always delivers.' }],
        max_tokens: 300,
      },
      stream: true,
      priority: 'interactive',
    },
    expected: [202],
  });
  const jobId = (body as { id: string }).id;
  const text = await readText(base, jobId, show);
  const { body: job } = await callApi(base, 'GET', `/v1/jobs/${jobId}`);
  const { result } = job as { result: { choices: { message: { content: string } }[] } | null };
  return { jobId, equal: result?.choices[0]?.message.content === text };
}

/** Rebuilds the text from the events, up to the final one, after which the server closes. */
async function readText(base: Base, jobId: string, show: (text: string) => void): Promise<string> {
  const answer = await fetch(`${base.url}/v1/jobs/${jobId}/events`, {
    headers: { authorization: `Bearer ${base.key}` },
  });
  let text = '';
  let rest = '';
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const frames = (rest + chunk).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) text = applyFrame(text, frame, show);
  }
  return text;
}

/** What the text is after one event, a reset voids it, a snapshot replaces it. */
function applyFrame(text: string, frame: string, show: (text: string) => void): string {
  const type = /^event: (.*)$/m.exec(frame)?.[1];
  const data = /^data: (.*)$/m.exec(frame)?.[1];
  const piece = data === undefined ? '' : ((JSON.parse(data) as { text?: string }).text ?? '');
  if (type === 'output.reset') return '';
  if (type === 'output.snapshot') return piece;
  if (type !== 'output.delta') return text;
  show(piece);
  return text + piece;
}
