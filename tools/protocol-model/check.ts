import { isFinal } from '../../src/shared/jobs/rules/job.ts';
import type { ClientRequest } from './client.ts';
import type { Account } from './money.ts';
import type { Delivery, MeterEntry, StoredJob } from './records.ts';
import { retrySeconds } from './sender.ts';
import { openJobs } from './store.ts';
import type { World } from './world.ts';

/** What holds at every moment: the books of one account, by its own figures and by its jobs. */
export function checkBooks(world: World, account: Account): void {
  const { availableNano, heldNano, depositedNano, chargedNano } = account;
  const violate = (rule: string) =>
    world.violate(rule, `${account.id}: ${availableNano} and ${heldNano} held`, null);
  let shares = 0n;
  let remaining = 0n;
  for (const { submission, core, hold } of world.store.jobs) {
    if (submission.account !== account) continue;
    if (!isFinal(core.state)) shares += submission.holdNano;
    if (!hold.isClosed) remaining += hold.remainingNano;
  }
  if (availableNano < 0n || heldNano < 0n) violate('no balance is negative');
  if (heldNano !== shares || heldNano !== remaining) violate('what is held is the shares of unfinished jobs');
  if (availableNano + heldNano + chargedNano !== depositedNano) violate('money is neither made nor lost');
}

/** What holds once the faults are over and everything had its time. */
export function checkEnd(
  world: World,
  requests: ClientRequest[],
  accounts: Account[],
  healAtMs: number,
): void {
  for (const account of accounts) checkBooks(world, account);
  checkSubmissions(world, requests);
  checkMeter(world);
  for (const job of world.store.jobs) {
    checkEnding(world, job, healAtMs);
    checkCharge(world, job);
    checkDeliveries(world, job);
  }
}

function checkSubmissions(world: World, requests: ClientRequest[]): void {
  const made = new Map<string, number>();
  for (const { submission } of world.store.jobs)
    made.set(submission.key, (made.get(submission.key) ?? 0) + 1);
  for (const { submission, replies } of requests) {
    const [job = null] = replies;
    if (replies.size > 1 || (made.get(submission.key) ?? 0) > 1) {
      world.violate('one key is one job', `${submission.key}: ${made.get(submission.key)} jobs`, job);
    }
  }
}

/** Everybody who runs a job is gone by its deadline and a lease, or by the end of the faults and a lease. */
const graceMs = 45_000;

function checkEnding(world: World, job: StoredJob, healAtMs: number): void {
  const { core, finishedAtMs, result, witness } = job;
  if (!isFinal(core.state) || finishedAtMs === null) {
    world.violate('every accepted job ends', `it is ${core.state}`, job);
    return;
  }
  if (witness.endings !== 1) world.violate('a job ends exactly once', `${witness.endings} times`, job);
  const boundMs = Math.max(core.deadlineAtMs, healAtMs) + graceMs;
  if (finishedAtMs > boundMs) {
    world.violate('a job ends by its deadline', `at ${finishedAtMs}, deadline ${core.deadlineAtMs}`, job);
  }
  if ((core.state === 'succeeded') !== (result !== null)) {
    world.violate('a result is there when the job succeeded, and only then', core.state, job);
  }
  if (result !== null && result !== `${job.id}:${core.attempts}`) {
    world.violate('the result is that of the newest attempt', `${result} of ${core.attempts}`, job);
  }
  checkAttempts(world, job);
}

function checkAttempts(world: World, job: StoredJob): void {
  const { core, attempts, submission, witness } = job;
  if (attempts.length !== core.attempts || attempts.some(({ outcome }) => outcome === 'started')) {
    world.violate('every attempt is written and closed', `${attempts.length} of ${core.attempts}`, job);
  }
  const counted = core.attempts - witness.uncounted;
  if (core.tries !== counted || counted > submission.maxAttempts) {
    world.violate(
      'no more calls count than the submission allows',
      `${counted} of ${submission.maxAttempts}`,
      job,
    );
  }
}

function checkCharge(world: World, job: StoredJob): void {
  const { charges, submission, core } = job;
  const [charge = 0n] = charges;
  if (isFinal(core.state) ? charges.length !== 1 : charges.length > 0) {
    world.violate('a job is charged once, when it is final', `${charges.length} charges`, job);
  }
  if (charge < 0n || charge > submission.holdNano) {
    world.violate('a charge is never more than its hold', `${charge} of ${submission.holdNano}`, job);
  }
  if (isFinal(core.state) && !job.hold.isClosed) {
    world.violate('a final job has no open hold', `${job.hold.remainingNano} left`, job);
  }
}

function checkMeter(world: World): void {
  const calls = new Map<string, MeterEntry[]>();
  for (const entry of world.meter) calls.set(entry.jobId, [...(calls.get(entry.jobId) ?? []), entry]);
  for (const job of world.store.jobs) checkCalls(world, job, calls.get(job.id) ?? []);
}

function checkCalls(world: World, job: StoredJob, calls: MeterEntry[]): void {
  const numbers = new Set(calls.map(({ attempt }) => attempt));
  if (calls.length > job.core.attempts || numbers.size < calls.length) {
    world.violate('an attempt is one call', `${calls.length} calls, ${job.core.attempts} attempts`, job);
  }
  const last = calls.find(({ attempt }) => attempt === job.core.attempts);
  if (job.result === null) return;
  if (last === undefined) {
    world.violate('no result without a call', job.result, job);
    return;
  }
  const { billedNano, isUsageReported } = last;
  const owedNano = billedNano < job.submission.holdNano ? billedNano : job.submission.holdNano;
  if (isUsageReported && job.charges[0] !== owedNano) {
    world.violate('a success costs what the provider billed, up to its hold', `${job.charges[0]}`, job);
  }
}

function checkDeliveries(world: World, job: StoredJob): void {
  const { deliveries, submission, core } = job;
  const owed = submission.hasWebhook && isFinal(core.state) ? 1 : 0;
  if (deliveries.length !== owed) {
    world.violate('a final job owes one webhook, if any', `${deliveries.length} of ${owed}`, job);
  }
  for (const delivery of deliveries) checkDelivery(world, delivery);
}

function checkDelivery(world: World, { core, job, eventId, body, isGone }: Delivery): void {
  const received = world.received.get(eventId);
  if (core.state === 'pending')
    world.violate('every webhook is delivered or given up', `try ${core.tries}`, job);
  if (core.state === 'delivered' && received !== body) {
    world.violate('a webhook that is recorded as delivered was received', eventId, job);
  }
  if (core.state === 'exhausted' && !isGone && core.tries <= retrySeconds.length) {
    world.violate('a webhook is given up after its last try', `try ${core.tries}`, job);
  }
  if (!body.includes(`"status":"${job.core.state}"`)) {
    world.violate('a webhook says what the job came to', `${body}`, job);
  }
}

/** Nothing is left to do: no job, no webhook, nobody who is only paused. */
export function isQuiet(world: World): boolean {
  return openJobs(world).length === 0 && world.store.deliveries.every(({ core }) => core.state !== 'pending');
}
