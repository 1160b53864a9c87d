import { type RedisConnection, redisKey } from '../platform/redis/redis.ts';
import { gateScript } from './gate-script.ts';

/** The configured limits of a provider. */
export type GateLimits = {
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
  maxConcurrency: number | null;
};

/** What is asked of a gate or reported to it, and what it answers. */
export type GateQuestion = {
  args: (string | number)[];
  /** Reports go before admissions, for which they make room, and those in the order of their ranks. */
  rank: number;
  /** Somebody waits for the answer, or others should not pass without it. */
  urgent: boolean;
};
export type GateAnswer = [number, number, ...unknown[]];

type Waiter = GateQuestion & { resolve(answer: GateAnswer): void; reject(error: unknown): void };
type Group = { waiting: Waiter[]; leaving: boolean; timer: NodeJS.Timeout | undefined };

/** A report that nobody waits for leaves with the next question, or after this long. */
const lingerMs = 5;
/** A script is short, so that it holds no other client of Redis up. */
const questionsMax = 100;

/**
 * What one turn of the event loop asks of a gate goes there together: one script reads its state once,
 * answers one after the other, and writes it once. Alone, a question waits for nobody.
 */
export function createGateGroups(deps: {
  redis: RedisConnection;
  prefix: string;
  slotMs: number;
  limitsOf(provider: string): GateLimits;
}) {
  const groups = new Map<string, Group>();

  async function send(provider: string, model: string, waiters: Waiter[]): Promise<void> {
    const { requestsPerMinute, tokensPerMinute, maxConcurrency } = deps.limitsOf(provider);
    const keys = [redisKey(deps.prefix, `gate:${model}`, provider), redisKey(deps.prefix, 'slots', provider)];
    const shared = [requestsPerMinute ?? 0, tokensPerMinute ?? 0, maxConcurrency ?? 0, deps.slotMs];
    try {
      const args = [...shared, ...waiters.flatMap((waiter) => waiter.args)];
      const answers = (await gateScript(deps.redis, keys, args)) as GateAnswer[];
      for (const [index, waiter] of waiters.entries()) waiter.resolve(answers[index] as GateAnswer);
    } catch (error) {
      for (const waiter of waiters) waiter.reject(error);
    }
  }

  function sendAll(provider: string, model: string, group: Group): void {
    clearTimeout(group.timer);
    groups.delete(`${provider} ${model}`);
    const waiting = group.waiting.sort((one, other) => one.rank - other.rank);
    for (let from = 0; from < waiting.length; from += questionsMax) {
      void send(provider, model, waiting.slice(from, from + questionsMax));
    }
  }

  /** Asks or reports; rejects when Redis is unavailable. */
  return (provider: string, model: string, question: GateQuestion): Promise<GateAnswer> =>
    new Promise((resolve, reject) => {
      const name = `${provider} ${model}`;
      const group = groups.get(name) ?? { waiting: [], leaving: false, timer: undefined };
      groups.set(name, group);
      group.waiting.push({ ...question, resolve, reject });
      if (question.urgent && !group.leaving) {
        group.leaving = true;
        setImmediate(() => sendAll(provider, model, group));
      } else if (!group.leaving) {
        group.timer ??= setTimeout(() => sendAll(provider, model, group), lingerMs);
      }
    });
}
