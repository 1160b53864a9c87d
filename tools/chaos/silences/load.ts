import { sleep } from '../faults/fault.ts';
import type { Stage } from '../scene.ts';

const everyMs = 150;
const models = ['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'] as const;
const longShare = 0.04;

/** Submits jobs steadily, plain and streamed, short and long, none of which goes wrong by itself. */
export function keepOrdering(
  { client, watchers, random }: Pick<Stage, 'client' | 'watchers' | 'random'>,
  longCallMs: number,
): { stop(): Promise<void> } {
  let isOver = false;
  const underWay: Promise<void>[] = [];

  async function submitOne(): Promise<void> {
    const isLong = random.chance(longShare);
    const stream = !isLong && random.chance(0.3);
    const { jobId } = await client.submit({
      text: isLong ? `take your time [[latency:${longCallMs}]]` : 'go on [[latency:300]]',
      model: random.pick(models),
      maxTokens: 40,
      stream,
      more: { max_attempts: 10 },
    });
    if (jobId !== null && stream) watchers.watch(jobId);
  }

  const submitting = (async () => {
    while (!isOver) {
      underWay.push(submitOne());
      await sleep(everyMs);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await submitting;
      await Promise.all(underWay);
    },
  };
}
