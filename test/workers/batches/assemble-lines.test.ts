import { afterAll, beforeAll, expect, test } from 'vitest';
import { advanceBatch } from '../../../src/workers/batches/advance-batch.ts';
import { assembleLines, writeBlamedLine } from '../../../src/workers/batches/assemble-lines.ts';
import { chatLine, openPlantedBatches, type PlantedBatches } from './planted-batches.ts';

let batches: PlantedBatches;
beforeAll(async () => {
  batches = await openPlantedBatches();
});
afterAll(() => batches.close());

/** A batch whose jobs have all ended and whose files are still to be written. */
async function ended(text: string, state: 'succeeded' | 'failed' = 'succeeded') {
  const lease = await batches.plant(text);
  while (await advanceBatch(batches.deps, lease, () => false)) {
    // On to the next slice.
  }
  await batches.endJobs(lease, state);
  return lease;
}

test('answers go to the output file, in the order of the lines', async () => {
  const lease = await ended(chatLine('b') + chatLine('a'));
  await assembleLines(batches.deps, lease, await batches.read(lease));
  const { outputFileId, errorFileId, assembledThrough } = await batches.read(lease);
  expect([assembledThrough, errorFileId]).toEqual([2, null]);
  expect(await batches.linesOf(outputFileId)).toMatchObject([
    { custom_id: 'b', response: { status_code: 200 }, error: null },
    { custom_id: 'a', response: { status_code: 200 }, error: null },
  ]);
});

test('lines that failed or were refused go to the error file, and an output file is only made for answers', async () => {
  const lease = await ended(chatLine('failed') + chatLine('refused', 'openai/none'), 'failed');
  await assembleLines(batches.deps, lease, await batches.read(lease));
  const { outputFileId, errorFileId } = await batches.read(lease);
  expect(outputFileId).toBeNull();
  expect(await batches.linesOf(errorFileId)).toMatchObject([
    { custom_id: 'failed', response: { status_code: 502 } },
    { custom_id: 'refused', response: { status_code: 422 } },
  ]);
});

test('after a lost lease one line is written at a time, to the files that are there already', async () => {
  const lease = await ended(chatLine('one') + chatLine('two'));
  const careful = async () => ({ ...(await batches.read(lease)), carefulSteps: 5, expiredLeases: 2 });
  await assembleLines(batches.deps, lease, await careful());
  const first = await batches.read(lease);
  expect(first.assembledThrough).toBe(1);
  await assembleLines(batches.deps, lease, await careful());
  const second = await batches.read(lease);
  expect(second.outputFileId).toBe(first.outputFileId);
  expect(await batches.linesOf(second.outputFileId)).toHaveLength(2);
});

test('a line that is to blame is written as failed, without a look at its result', async () => {
  const lease = await ended(chatLine('one') + chatLine('two'));
  await writeBlamedLine(batches.deps, lease, await batches.read(lease));
  const { errorFileId, blamedLine, assembledThrough } = await batches.read(lease);
  expect([blamedLine, assembledThrough]).toEqual([1, 1]);
  expect(await batches.linesOf(errorFileId)).toMatchObject([
    { custom_id: 'one', response: null, error: { code: 'processing_failed' } },
  ]);
});
