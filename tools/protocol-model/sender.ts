import { decideDelivery } from '../../src/shared/webhooks/rules/delivery.ts';
import { moveDelivery } from '../../src/shared/webhooks/rules/transitions.ts';
import { commit, unanswered } from './commit.ts';
import { postDelivery } from './receiver.ts';
import type { Delivery } from './records.ts';
import type { Group, Steps } from './schedule.ts';
import { timesMs } from './times.ts';
import type { World } from './world.ts';

export const retrySeconds = [1, 2, 4, 8, 16, 20];

const pollMs = 1000;
/** Under way at once in one process. */
const slotsMax = 8;

/** A process that posts webhooks: claims, posts, records; and may die between any two of these. */
export function startSender(world: World, name: string): void {
  let claims = 0;
  const group: Group = {
    name,
    pausedUntilMs: 0,
    processes: new Set(),
    begin: () => {
      world.schedule.start(group, poll());
    },
  };

  function* poll(): Steps {
    for (;;) {
      yield pollMs;
      const { nowMs } = world.schedule;
      if (!world.store.deliveries.some(({ core }) => core.dueAtMs !== null && core.dueAtMs <= nowMs))
        continue;
      const token = `${name}_${++claims}`;
      const claimed = commit(world, () => claimDue(world, token, slotsMax - group.processes.size + 1));
      if (claimed === unanswered) continue;
      for (const [delivery, tries] of claimed) {
        world.schedule.start(group, deliver(world, delivery, token, tries));
      }
    }
  }

  group.begin();
}

/** See claim_deliveries: the try is counted before anything is sent. */
function claimDue(world: World, token: string, limit: number): [Delivery, number][] {
  const { store, schedule } = world;
  const claimed: [Delivery, number][] = [];
  for (const delivery of store.deliveries) {
    if (claimed.length >= limit) break;
    const move = { kind: 'claim' as const, token, leaseMs: timesMs.deliveryLease };
    const core = moveDelivery(delivery.core, move, schedule.nowMs);
    if (core === null) continue;
    if (schedule.nowMs < delivery.notBeforeMs) {
      world.violate('a webhook waits for its time', `until ${delivery.notBeforeMs}`, delivery.job);
    }
    delivery.core = core;
    delivery.notBeforeMs = schedule.nowMs + timesMs.deliveryLease;
    claimed.push([delivery, core.tries]);
  }
  return claimed;
}

function* deliver(world: World, delivery: Delivery, token: string, tries: number): Steps {
  yield world.step();
  if (!world.guards.postBeforeRecord) {
    commit(world, () => record(world, delivery, token, { kind: 'delivered' }));
    yield world.step();
  }
  const result = postDelivery(world, delivery);
  yield world.step();
  const verdict = decideDelivery(result, { tries, retrySeconds }, world.random.next());
  commit(world, () => record(world, delivery, token, verdict));
}

/** See recordDeliveries: only the lease that posted may. */
function record(
  world: World,
  delivery: Delivery,
  token: string,
  verdict: ReturnType<typeof decideDelivery>,
): void {
  const { core } = delivery;
  const held = world.guards.deliveryToken ? token : (core.leaseToken ?? token);
  const believed = world.guards.deliveryToken ? core : { ...core, leaseToken: held };
  const moved = moveDelivery(believed, { kind: 'record', token: held, verdict }, world.schedule.nowMs);
  if (moved === null) return;
  if (core.state !== 'pending') {
    world.violate('a delivery ends once', `${core.state}, then ${moved.state}`, delivery.job);
  }
  delivery.core = moved;
  delivery.notBeforeMs = world.schedule.nowMs + (verdict.kind === 'again' ? verdict.delayMs : 0);
  world.note(delivery.job, delivery.eventId, 'is recorded as', verdict.kind, 'try', core.tries);
}
