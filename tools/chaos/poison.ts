import { type BatchClient, createBatchClient } from './batch-client.ts';
import type { ClientRecord } from './client-record.ts';
import { openAccount } from './cluster.ts';
import type { Ground } from './ground.ts';
import { quiesce } from './quiesce.ts';

/**
 * What became of a batch with a line that kills whoever reads it, and of another tenant's batch meanwhile.
 */
export type PoisonResult = {
  processesKilled: number;
  status: string;
  /** Why the line, or the batch, failed. */
  code: string | null;
  /** Lines that had their result all the same. */
  completed: number;
  otherBatch: string;
};

const poison = 'a-word-that-kills-whoever-reads-it';
const lines = 40;
const poisonedLine = 17;
const maxWaitMs = 60_000;

export type Poisoner = { records(): ClientRecord[]; play(): Promise<PoisonResult> };

/** Every worker is made to die of one line; the batch must not take more than a few of them with it. */
export async function openPoisoner(stage: Ground): Promise<Poisoner> {
  const { cluster, innocent, tally } = stage;
  const random = stage.random.fork('poison').next;
  const open = async (accountId: string): Promise<BatchClient> => {
    const key = await openAccount(cluster, accountId, '10');
    return createBatchClient({ urls: () => cluster.members.urls(), key, accountId, random });
  };
  const [poisoner, other] = [await open('poisoner'), await open('eater')];
  const killed = () => tally.rows().find(({ kind }) => kind === 'failpoint batch.line kill')?.count ?? 0;
  return {
    records: () => [poisoner.record(), other.record()],
    async play() {
      const killedBefore = killed();
      await cluster.reconfigure({ FAILPOINTS: `batch.line=kill~${poison}` });
      const prompts = Array.from({ length: lines }, (_, index) => (index === poisonedLine ? poison : 'good'));
      const [ended, otherEnded] = await innocent.during('a poisoned batch', () =>
        Promise.all([poisoner.run(prompts, maxWaitMs), other.run(['good'], maxWaitMs)]),
      );
      tally.add('tenant: a batch with a line that kills', false);
      await cluster.reconfigure({});
      await quiesce(cluster.sql, maxWaitMs);
      return {
        processesKilled: killed() - killedBefore,
        status: ended?.status ?? 'not ended',
        code: ended?.refusedLines[`line-${poisonedLine}`] ?? ended?.codes[0] ?? null,
        completed: ended?.counts.completed ?? 0,
        otherBatch: otherEnded?.status ?? 'not ended',
      };
    },
  };
}

/** After three processes it is over, whichever way, and nobody else's batch is hurt. */
export function isPoisonTaken({ processesKilled, code, otherBatch }: PoisonResult): boolean {
  const isEnded = code === 'processing_failed' && processesKilled >= 1 && processesKilled <= processesMax;
  return isEnded && otherBatch === 'completed';
}

/** Three, and one that had the line in hand when the third died. */
const processesMax = 4;
