import { availableParallelism } from 'node:os';
import type { FileLine } from '../batches/file-lines.ts';
import type { LineOwner } from '../batches/price-line.ts';
import type { Models } from '../catalogue/load-models.ts';
import { Refusal } from '../errors.ts';
import type { QuoteDeps } from '../jobs/submission.ts';
import type { Config } from '../platform/config/config.ts';
import { isWithinLimits, measureJson, requestLimits } from '../platform/json/measure-json.ts';
import type { BodyKind, GivenBody, ValidatedBodies } from './bodies.ts';
import { validateBody } from './bodies.ts';
import { type PricedLine, priceLines, type Task } from './tasks.ts';
import { ThreadEnded } from './thread.ts';
import type { ThreadReply, ValidatorData } from './thread-main.ts';
import { createThreadPool, type ThreadPool } from './thread-pool.ts';

/** Told how long a piece of work took, also one that was refused. */
export type Spent = (tookMs: number) => void;

/**
 * Reads, checks and prices what clients send: large pieces in threads, so that nobody else waits for them.
 */
export type Validator = {
  /**
   * Each line of a batch's file as it is kept, or why it fails its whole batch, in order. Never rejects for
   * what a line holds, unless all of them together take more memory or time than a piece of work may: then
   * with a Refusal.
   */
  lines(lines: FileLine[], owner: LineOwner): Promise<PricedLine[]>;
  /**
   * A body of a kind, validated; its bytes may be gone afterwards, but those of a response. Rejects with a
   * Refusal for whatever it holds.
   */
  body<Kind extends BodyKind>(kind: Kind, body: GivenBody, spent?: Spent): Promise<ValidatedBodies[Kind]>;
  stop(): Promise<void>;
};

/** Less is read where it came: handing it to a thread would take longer. */
const linesHere = { bytes: 16 * 1024 };
const bodyHere = { bytes: 256 * 1024, values: 5000 };
/** One piece of work, a body or a slice of lines, never needs nearly as much. */
const memoryMebibytes = 768;
const timeoutMs = 30_000;
const threadsMax = 4;

/** Compiled code runs its compiled thread; TypeScript that a test runs has it beside its build. */
const entry = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/shared/validation/thread-main.js', import.meta.url)
  : new URL('./thread-main.js', import.meta.url);

/**
 * A validator with the models and prices of this process. One is enough for a process; its threads start with
 * the first large piece.
 */
export function createValidator(
  config: Pick<Config, 'webhooks' | 'modelsFile' | 'providersFile'>,
  models: Models,
): Validator {
  const deps: QuoteDeps = {
    catalogue: models.catalogue,
    providers: new Map(models.providers.map(({ name, simulated }) => [name, { simulated }])),
    webhooks: { allowPrivate: config.webhooks.allowPrivate },
  };
  const { catalogue: _, ...rest } = deps;
  const workerData: ValidatorData = { ...rest, catalogueFiles: filesOf(config) };
  const size = Math.max(1, Math.min(threadsMax, availableParallelism() - 1));
  const pool = createThreadPool(size, { entry, workerData, memoryMebibytes, timeoutMs });
  return {
    lines: async (lines, owner) => {
      const task = { kind: 'lines' as const, lines, owner };
      const bytes = lines.reduce((sum, line) => sum + (line.bytes?.length ?? 0), 0);
      if (bytes <= linesHere.bytes) return priceLines(deps, task);
      return (await inThread(pool, owner.accountId, { task, transfer: [] }, ignore)) as PricedLine[];
    },
    body: async (kind, body, spent = ignore) => {
      if (isSmall(body)) return measured(spent, () => validateBody(deps, kind, body));
      const work = {
        task: { kind: 'body' as const, bodyKind: kind, body },
        transfer: movable(kind, body.bytes),
      };
      return (await inThread(pool, body.owner.accountId, work, spent)) as ValidatedBodies[typeof kind];
    },
    stop: pool.stop,
  };
}

function filesOf({ modelsFile, providersFile }: Pick<Config, 'modelsFile' | 'providersFile'>) {
  return {
    ...(modelsFile === null ? {} : { modelsFile }),
    ...(providersFile === null ? {} : { providersFile }),
  };
}

const ignore = () => undefined;

function isSmall({ bytes, earlier = [], referenced = [] }: GivenBody): boolean {
  const size = [...earlier, ...referenced].reduce(
    (sum, turn) => sum + turn.original.length + turn.result.length,
    bytes.length,
  );
  if (size > bodyHere.bytes) return false;
  if (isWithinLimits(size, { valuesMax: bodyHere.values, membersMax: bodyHere.values })) return true;
  return measureJson(bytes, { ...requestLimits, valuesMax: bodyHere.values }).values <= bodyHere.values;
}

function measured<Result>(spent: Spent, work: () => Result): Result {
  const start = performance.now();
  try {
    return work();
  } finally {
    spent(performance.now() - start);
  }
}

/**
 * Moved and not copied, unless they are needed again: a body may go on from others, and is validated once
 * more with them.
 */
function movable(kind: BodyKind, { buffer, byteLength }: Buffer): ArrayBuffer[] {
  const isWhole = kind !== 'response' && buffer.byteLength === byteLength;
  return isWhole ? [buffer as ArrayBuffer] : [];
}

type ValidationWork = { task: Task; transfer: ArrayBuffer[] };

async function inThread(
  pool: ThreadPool,
  accountId: string,
  work: ValidationWork,
  spent: Spent,
): Promise<unknown> {
  const answer = (await pool.run(accountId, work).catch((error: unknown) => {
    if (error instanceof ThreadEnded) spent(timeoutMs);
    return refuseEnded(error);
  })) as ThreadReply;
  spent(answer.tookMs);
  if ('result' in answer) return answer.result;
  if ('bug' in answer) throw answer.bug;
  const { type, message, extras } = answer.refusal;
  throw new Refusal(type, message, extras);
}

function refuseEnded(error: unknown): never {
  if (!(error instanceof ThreadEnded)) throw error;
  if (error.why === 'error') throw new Refusal('unavailable', 'The request could not be read now', {}, error);
  const much = error.why === 'memory' ? 'memory' : 'time';
  throw new Refusal(
    'too_large',
    `Reading this takes more ${much} than one request may; send less`,
    {},
    error,
  );
}
