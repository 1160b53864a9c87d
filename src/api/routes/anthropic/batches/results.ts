import { Readable } from 'node:stream';
import { z } from 'zod';
import { readFileLines } from '../../../../shared/batches/file-lines.ts';
import type { BatchRecord } from '../../../../shared/batches/rules/batch.ts';
import { findBatch } from '../../../../shared/batches/sql/batches.ts';
import { fileExists } from '../../../../shared/batches/sql/files.ts';
import { notFound, Refusal } from '../../../../shared/errors.ts';
import { readJson } from '../../../../shared/platform/json/read-json.ts';
import { writeJson } from '../../../../shared/platform/json/verbatim.ts';
import type { Database } from '../../../../shared/platform/postgres/database.ts';
import type { App } from '../../../http/app.ts';
import { accountOf } from '../../../http/caller.ts';
import { idParams } from '../../../http/schemas.ts';
import { media } from '../../../openapi/components.ts';
import { type FileLine, type MessageResult, toMessageResult, toUnbegunResult } from './message-result.ts';

const linesPerPiece = 200;

/**
 * `GET /v1/messages/batches/{id}/results`: a line for each request, no faster than the client takes them.
 * When they are deleted or expire meanwhile the connection breaks: an answer that ends properly has them all.
 */
export function downloadMessageBatchResultsRoute(app: App, deps: { sql: Database }): void {
  const schema = {
    operationId: 'downloadMessageBatchResults',
    response: { 200: media({ 'application/x-jsonl': z.string().describe('A JSON object a line') }) },
    tags: ['anthropic'],
    summary: 'Download the results of a batch',
    params: idParams,
  };
  app.get(
    '/v1/messages/batches/:id/results',
    { config: { scope: 'read', refuses: [409] }, schema },
    async (request, reply) => {
      const one = { accountId: accountOf(request), kind: 'anthropic' as const, id: request.params.id };
      const batch = await findBatch(deps.sql, one);
      if (batch === null) throw notFound('message batch');
      if (batch.finishedAt === null) throw new Refusal('invalid_state', 'The batch has not ended yet');
      for (const fileId of filesOf(batch)) {
        if (!(await fileExists(deps.sql, fileId))) {
          throw new Refusal('not_found', 'The results of this message batch are kept no longer');
        }
      }
      reply.header('request-id', request.id).header('content-type', 'application/x-jsonl');
      return reply.send(Readable.from(resultsOf(deps.sql, batch), { objectMode: false, highWaterMark: 1 }));
    },
  );
}

/** The files its results are read from; of a batch that never began, that of its requests. */
function filesOf({ total, inputFileId, outputFileId, errorFileId }: BatchRecord): string[] {
  if (total === 0) return [inputFileId];
  return [outputFileId, errorFileId].filter((id) => id !== null);
}

async function* resultsOf(sql: Database, batch: BatchRecord): AsyncGenerator<string> {
  const fault = batch.errors?.[0] ?? null;
  const toResult =
    batch.total > 0
      ? toMessageResult
      : ({ custom_id }: FileLine) => toUnbegunResult(custom_id, batch.state, fault);
  for (const fileId of filesOf(batch)) yield* mapLines(sql, fileId, toResult);
}

/** Of a file that was written here: its lines are as long as what providers answered. */
async function* mapLines(
  sql: Database,
  fileId: string,
  toResult: (line: FileLine) => MessageResult,
): AsyncGenerator<string> {
  let cursor = { readBytes: 0, readLines: 0 };
  for (let isEnd = false; !isEnd; ) {
    const slice = await readFileLines(sql, fileId, cursor, linesPerPiece, Number.POSITIVE_INFINITY);
    const lines = slice.lines.flatMap(({ bytes }) =>
      bytes === null ? [] : [readJson(bytes.toString('utf8')) as FileLine],
    );
    if (lines.length > 0) yield lines.map((line) => `${writeJson(toResult(line))}\n`).join('');
    cursor = slice;
    isEnd = slice.isEnd;
  }
}
