import { open } from 'node:fs/promises';
import { chatRequest } from './submission-body.ts';

const linesPerWrite = 1000;

/**
 * Writes a batch file as OpenAI defines it: so many lines, each with its own `custom_id`, all asking the
 * same.
 */
export async function writeBatchFile(path: string, lines: number): Promise<void> {
  const body = JSON.stringify({ ...chatRequest, model: `openai/${chatRequest.model}` });
  const file = await open(path, 'w', 0o600);
  for (let from = 0; from < lines; from += linesPerWrite) {
    const some = Array.from({ length: Math.min(linesPerWrite, lines - from) }, (_, more) => {
      const id = lineId(from + more);
      return `{"custom_id":"${id}","method":"POST","url":"/v1/chat/completions","body":${body}}\n`;
    });
    await file.write(some.join(''));
  }
  await file.close();
}

/** The `custom_id` of the n-th line, from 0. */
export function lineId(n: number): string {
  return `line-${n}`;
}
