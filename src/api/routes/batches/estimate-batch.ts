import { z } from 'zod';
import { readFileLines } from '../../../shared/batches/file-lines.ts';
import { judgeLine, type LineOwner } from '../../../shared/batches/judge-line.ts';
import { parseLine } from '../../../shared/batches/parse-line.ts';
import { type BatchFault, batchLineBytesMax, batchLinesMax } from '../../../shared/domain/batch.ts';
import { formatUsd } from '../../../shared/domain/money.ts';
import type { QuoteDeps } from '../../../shared/requests/quote-job.ts';
import type { Database } from '../../../shared/sql/database.ts';
import type { App } from '../../http/app.ts';
import { accountOf } from '../../http/caller.ts';
import { idempotent } from '../../http/idempotent.ts';
import { requireInputFile } from './require-input-file.ts';
import { endpointShape } from './shapes.ts';

const body = z.strictObject({ input_file_id: z.string().min(1), endpoint: endpointShape });

const linesPerSlice = 100;
/** At most so many faults and so many refusals are listed. */
const toldMax = 100;

/** `POST /v1/batches/estimate`: what a batch of this file would set aside, and what of it would be refused. Takes nothing. */
export function estimateBatch(app: App, deps: QuoteDeps & { sql: Database }): void {
  const schema = { tags: ['openai'], summary: 'Bound the cost of a batch', body };
  app.post('/v1/batches/estimate', { config: { scope: 'jobs' }, schema }, async (request, reply) => {
    const accountId = accountOf(request);
    const { input_file_id: fileId, endpoint } = request.body;
    const defaultMaxOutputTokens = request.account?.defaultMaxOutputTokens ?? null;
    const work = async () => {
      await requireInputFile(deps.sql, accountId, fileId);
      const body = await estimate(deps, fileId, { accountId, defaultMaxOutputTokens, endpoint });
      return { status: 200, body };
    };
    return await idempotent(request, reply, deps, work, { outside: true });
  });
}

async function estimate(deps: QuoteDeps & { sql: Database }, fileId: string, owner: LineOwner) {
  const tally = createTally();
  let place = { readBytes: 0, readLines: 0 };
  for (let isEnd = false; !isEnd && tally.goesOn(); ) {
    const slice = await readFileLines(deps.sql, fileId, place, linesPerSlice, batchLineBytesMax);
    for (const given of slice.lines) {
      const parsed = parseLine(given, owner.endpoint);
      if ('code' in parsed) tally.fault(parsed);
      else tally.line(judgeLine(deps, owner, parsed));
    }
    place = slice;
    isEnd = slice.isEnd;
  }
  return tally.result();
}

function createTally() {
  const seen = new Set<string>();
  const faults: BatchFault[] = [];
  const refused: object[] = [];
  const lines = { total: 0, accepted: 0, refused: 0 };
  let holdNano = 0n;
  return {
    goesOn: () => lines.total <= batchLinesMax,
    fault: (fault: BatchFault) => {
      lines.total += 1;
      if (faults.length < toldMax) faults.push(fault);
    },
    line: (line: ReturnType<typeof judgeLine>) => {
      lines.total += 1;
      if (seen.has(line.customId) && faults.length < toldMax) faults.push(duplicateId(line.line));
      seen.add(line.customId);
      holdNano += line.job?.holdNano ?? 0n;
      if (line.refusal === null) lines.accepted += 1;
      else {
        lines.refused += 1;
        if (refused.length < toldMax)
          refused.push({ line: line.line, custom_id: line.customId, error: line.refusal });
      }
    },
    result: () => {
      if (lines.total === 0) faults.push(wholeFile('empty_file', 'The input file has no lines.'));
      if (lines.total > batchLinesMax) {
        faults.push(wholeFile('too_many_tasks', `A batch has at most ${batchLinesMax} lines.`));
      }
      return {
        object: 'batch.estimate',
        hold_usd: formatUsd(holdNano),
        request_counts: lines,
        refused,
        errors: faults.length === 0 ? null : { object: 'list', data: faults },
      };
    },
  };
}

const wholeFile = (code: BatchFault['code'], message: string): BatchFault => ({
  code,
  line: null,
  message,
  param: null,
});

const duplicateId = (line: number): BatchFault => ({
  code: 'duplicate_custom_id',
  line,
  message: 'Another line has the same custom_id.',
  param: 'custom_id',
});
