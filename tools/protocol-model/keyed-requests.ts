import { commit, unanswered } from './commit.ts';
import { noFaults } from './fault-rates.ts';
import type { Group, Steps } from './schedule.ts';
import { timesMs } from './times.ts';
import type { World } from './world.ts';

/** A key whose work is not the submission of a job: who works under it until when, or what was answered. */
export type KeyedRequest = {
  key: string;
  atMs: number;
  claim: { token: string; untilMs: number } | null;
  answer: string | null;
  /**
   * What the checks remember: how often the work was done for good, and every answer that a client received.
   */
  done: number;
  replies: Set<string>;
};

export type Api = { group: Group; tokens: number };

/**
 * A client asks again after so long without an answer. While there are faults, work may take longer than its
 * claim is held; it would else have to be lucky to end at all, and once in some 70,000 seeds is not in time.
 */
const maxWaitMs = 5000;
const workMsMax = 15_000;
const againMs = 1000;

/** A process that answers keyed requests, and may die or stand still in the middle of any. */
export function startApi(world: World, name: string): Api {
  const group: Group = { name, pausedUntilMs: 0, processes: new Set(), begin: () => undefined };
  const api = { group, tokens: 0 };
  // What dies with it is only what was under way.
  world.schedule.start(group, standBy());
  return api;
}

function* standBy(): Steps {
  yield 0;
}

/** A client that asks under one key, at any process, until it is answered; some ask at two at once. */
export function* runKeyedClient(world: World, request: KeyedRequest, apis: Api[]): Steps {
  yield request.atMs;
  while (request.replies.size === 0) {
    const asked = world.random.chance(0.3) ? apis : [world.random.pick(apis)];
    for (const api of asked) world.schedule.start(api.group, answer(world, request, api));
    yield maxWaitMs;
  }
}

/**
 * See idempotent: the key is claimed, the work done and its answer stored under that claim, each committed by
 * itself.
 */
function* answer(world: World, request: KeyedRequest, api: Api): Steps {
  for (;;) {
    const token = `${api.group.name}_${++api.tokens}`;
    const standing = commit(world, () => claim(world, request, token));
    if (standing === unanswered) return;
    if (standing === 'claimed') {
      yield world.step();
      yield workMs(world);
      const stored = commit(world, () => store(world, request, token));
      yield world.step();
      if (stored === unanswered) return;
    } else if (standing === 'answered') {
      if (request.answer !== null) request.replies.add(request.answer);
      return;
    }
    yield againMs;
  }
}

const workMs = ({ random, rates }: World) =>
  random.between(1, rates === noFaults ? timesMs.lease / 2 : workMsMax);

/** See claim_idempotency_key. */
function claim(world: World, request: KeyedRequest, token: string): 'claimed' | 'started' | 'answered' {
  const { nowMs } = world.schedule;
  if (request.answer !== null) return 'answered';
  const isHeld = request.claim !== null && (!world.guards.claimEnd || nowMs < request.claim.untilMs);
  if (isHeld) return 'started';
  request.claim = { token, untilMs: nowMs + timesMs.lease };
  return 'claimed';
}

/** See storeReply: what was done under a claim that somebody took over is undone with its answer. */
function store(world: World, request: KeyedRequest, token: string): void {
  if (world.guards.claimToken && request.claim?.token !== token) return;
  request.claim = null;
  request.answer = `answered under ${token}`;
  request.done += 1;
}

/** What holds in the end of each key. */
export function checkKeyed(world: World, requests: KeyedRequest[]): void {
  for (const { key, done, replies, claim: open } of requests) {
    if (done > 1 || replies.size > 1)
      world.violate('one key is one answer', `${key}: done ${done} times, ${replies.size} answers`, null);
    if (replies.size === 0 || open !== null)
      world.violate('every key is answered, and free of claims', `${key}: ${replies.size} answers`, null);
  }
}
