import type { TestServer } from './test-server.ts';
import { endJob } from './watch/watched-jobs.ts';

/** Streams the words as a worker would and ends the job; the id of its final event. */
export async function streamWords(
  { deps, owner }: TestServer,
  jobId: string,
  words: string[],
  pauseMs = 2,
): Promise<number> {
  const writer = deps.events.openWriter({
    jobId,
    attempt: 1,
    provider: 'openai',
    model: 'openai/gpt-5-mini',
    stream: true,
    lastSeq: 1,
    createdAtMs: Date.now(),
  });
  writer.started();
  for (const text of words) {
    writer.delta({ kind: 'text', choice: 0, text });
    await new Promise((next) => setTimeout(next, pauseMs));
  }
  const last = await writer.close();
  await endJob(owner, jobId, { text: words.join(''), eventSeq: last + 1 });
  deps.events.announce(jobId);
  return last + 1;
}
