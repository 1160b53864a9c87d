import { availableParallelism } from 'node:os';
import type { FileLine } from '../batches/file-lines.ts';
import type { LineOwner } from '../batches/judge-line.ts';
import type { Config } from '../config.ts';
import { Refusal } from '../domain/errors.ts';
import type { Models } from '../models.ts';
import type { QuoteDeps } from '../requests/quote-job.ts';
import type { JudgeData, ThreadAnswer } from './judge-thread.ts';
import { type JudgedLine, perform, type Task } from './tasks.ts';
import { ThreadEnded } from './thread.ts';
import { createThreadPool, type ThreadPool } from './thread-pool.ts';

/** Reads, checks and prices what clients send: large pieces in threads, so that nobody else waits for them. */
export type Judge = {
  /**
   * Each line of a batch's file as it is kept, or why it fails its whole batch, in order. Never rejects for what a line holds, unless
   * all of them together take more memory or time than a piece of work may: then with a Refusal.
   */
  lines(lines: FileLine[], owner: LineOwner): Promise<JudgedLine[]>;
  stop(): Promise<void>;
};

/** Less than this is read where it came: handing it to a thread would take longer. */
const bytesHereMax = 16 * 1024;
/** One piece of work, a body or a slice of lines, never needs nearly as much. */
const memoryMebibytes = 768;
const timeoutMs = 30_000;
const threadsMax = 4;

/** Compiled code runs its compiled thread; TypeScript that a test runs has it beside its build. */
const entry = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/shared/judge/judge-thread.js', import.meta.url)
  : new URL('./judge-thread.js', import.meta.url);

/** A judge with the models and prices of this process. One is enough for a process; its threads start with the first large piece. */
export function createJudge(
  config: Pick<Config, 'webhooks' | 'modelsFile' | 'providersFile'>,
  models: Models,
): Judge {
  const deps: QuoteDeps = {
    catalogue: models.catalogue,
    providers: new Map(models.providers.map(({ name, simulated }) => [name, { simulated }])),
    webhooks: { allowPrivate: config.webhooks.allowPrivate },
  };
  const { catalogue: _, ...rest } = deps;
  const workerData: JudgeData = { ...rest, catalogueFiles: filesOf(config) };
  const size = Math.max(1, Math.min(threadsMax, availableParallelism() - 1));
  const pool = createThreadPool(size, { entry, workerData, memoryMebibytes, timeoutMs });
  return {
    lines: async (lines, owner) => {
      const task: Task = { kind: 'lines', lines, owner };
      const bytes = lines.reduce((sum, line) => sum + (line.bytes?.length ?? 0), 0);
      if (bytes <= bytesHereMax) return perform(deps, task);
      return (await inThread(pool, owner.accountId, task)) as JudgedLine[];
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

async function inThread(pool: ThreadPool, accountId: string, task: Task): Promise<unknown> {
  const answer = await pool.run(accountId, { task, transfer: [] }).catch(refuseEnded);
  const said = answer as ThreadAnswer;
  if ('result' in said) return said.result;
  if ('bug' in said) throw said.bug;
  const { type, message, extras } = said.refusal;
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
