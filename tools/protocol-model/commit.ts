import type { World } from './world.ts';

export const unanswered = Symbol('the database did not answer');

/**
 * One transaction. It may fail, or be applied with its answer lost: the caller cannot tell one from the
 * other.
 */
export function commit<Result>(world: World, statement: () => Result): Result | typeof unanswered {
  const { nowMs } = world.schedule;
  if (world.meets('databaseUnavailable'))
    world.unavailableUntilMs = nowMs + world.random.between(500, 12_000);
  if (nowMs < world.unavailableUntilMs || world.meets('commitFails')) return unanswered;
  const result = statement();
  return world.meets('commitUnanswered') ? unanswered : result;
}
