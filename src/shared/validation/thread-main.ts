import { parentPort, workerData } from 'node:worker_threads';
import { loadCatalogue } from '../catalogue/catalogue.ts';
import { Refusal } from '../errors.ts';
import type { QuoteDeps } from '../jobs/submission.ts';
import { perform, type Task } from './tasks.ts';

/** What a thread is given when it starts, to price as its process does. */
export type ValidatorData = Omit<QuoteDeps, 'catalogue'> & {
  catalogueFiles: Parameters<typeof loadCatalogue>[0];
};

/** What it answers: the result, a refusal's parts, or what a bug threw; and how long it took. */
export type ThreadReply = { tookMs: number } & (
  | { result: unknown }
  | { refusal: Pick<Refusal, 'type' | 'message' | 'extras'> }
  | { bug: unknown }
);

const { catalogueFiles, ...rest } = workerData as ValidatorData;
const deps: QuoteDeps = { ...rest, catalogue: loadCatalogue(catalogueFiles) };

parentPort?.on('message', (task: Task) => {
  const start = performance.now();
  const reply = answer(revive(task));
  parentPort?.postMessage({ ...reply, tookMs: performance.now() - start });
});

/** On their way between threads buffers become plain arrays of bytes. */
function revive(task: Task): Task {
  if (task.kind === 'body') return { ...task, body: { ...task.body, bytes: toBuffer(task.body.bytes) } };
  const lines = task.lines.map(({ line, bytes }) => ({
    line,
    bytes: bytes === null ? null : toBuffer(bytes),
  }));
  return { ...task, lines };
}

function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function answer(task: Task) {
  try {
    return { result: perform(deps, task) };
  } catch (error) {
    if (!(error instanceof Refusal)) return { bug: error };
    const { type, message, extras } = error;
    return { refusal: { type, message, extras } };
  }
}
