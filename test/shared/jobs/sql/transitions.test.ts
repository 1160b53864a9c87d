import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertAccount } from '../../../../src/shared/accounts/sql/accounts.ts';
import { newId } from '../../../../src/shared/ids.ts';
import {
  type FinalState,
  finalStates,
  isFinal,
  type JobState,
} from '../../../../src/shared/jobs/rules/job.ts';
import {
  isOrphaned,
  isOverdue,
  type JobCore,
  type JobMove,
  legalJobMoves,
  moveJob,
} from '../../../../src/shared/jobs/rules/transitions.ts';
import { acceptJobs } from '../../../../src/shared/jobs/sql/accept-jobs.ts';
import { claimJobs, extendLeases } from '../../../../src/shared/jobs/sql/claim-jobs.ts';
import { requeueJobs, settleJobs } from '../../../../src/shared/jobs/sql/settle-jobs.ts';
import {
  listOrphanedJobs,
  listOverdueJobs,
  requestCancels,
} from '../../../../src/shared/jobs/sql/stoppable-jobs.ts';
import { creditAccount } from '../../../../src/shared/money/credit.ts';
import { defaultLimits } from '../../../../src/shared/platform/config/quotas.ts';
import {
  type Database,
  openDatabase,
  type Transaction,
} from '../../../../src/shared/platform/postgres/database.ts';
import {
  releaseTickets,
  revokeTickets,
  ticketJobs,
  withdrawTickets,
} from '../../../../src/shared/queue/sql/tickets.ts';
import { endpointThresholds } from '../../../../src/shared/webhooks/rules/delivery.ts';
import {
  type DeliveryCore,
  type DeliveryMove,
  legalDeliveryMoves,
  moveDelivery,
} from '../../../../src/shared/webhooks/rules/transitions.ts';
import {
  claimDeliveries,
  recordDeliveries,
  releaseDelivery,
} from '../../../../src/shared/webhooks/sql/claim-deliveries.ts';
import { restartDelivery } from '../../../../src/shared/webhooks/sql/deliveries.ts';
import { type Random, seededRandom } from '../../../../tools/stack/random.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { intakeOf } from '../../../support/job-intake.ts';

/** One for each sequence that is played at the same time, since an account's moves wait for each other. */
const accountIds = ['one', 'two', 'three', 'four'];
const [accountId = ''] = accountIds;
const host = 'https://hooks.example';
const states = Object.keys(legalJobMoves) as JobState[];

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let owner: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = openDatabase({ url: database.ownerUrl, poolMax: 4, prepare: true, applicationName: 'test' });
  for (const id of accountIds) {
    await insertAccount(owner, { id, name: id });
    await owner.begin((tx) => creditAccount(tx, { accountId: id, amountNano: 1000n, description: 'money' }));
  }
});
afterAll(async () => {
  await owner.end();
  await database.drop();
});

/** Plays `steps` in a transaction, where the database's clock stands still, and takes it all back. */
async function undone(steps: (tx: Transaction, sql: Database) => Promise<void>): Promise<void> {
  const undo = new Error('undo');
  await owner
    .begin(async (tx) => {
      await steps(tx, tx as unknown as Database);
      throw undo;
    })
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
}

const targets = [
  { provider: 'alpha', model: 'alpha/a' },
  { provider: 'beta', model: 'beta/b' },
];

async function accept(sql: Database, account: string, deadlineMs: number): Promise<string> {
  const intake = intakeOf({
    accountId: account,
    model: 'alpha/a',
    provider: 'alpha',
    targetModel: 'alpha/a',
    maxAttempts: 10,
    holdNano: 5n,
    expiresInSeconds: deadlineMs / 1000,
    targets: JSON.stringify(targets),
  });
  const jobId = intake.id;
  const [verdict] = await acceptJobs(
    sql,
    [intake],
    defaultLimits(() => undefined),
    5000,
  );
  expect(verdict).toEqual({ kind: 'accepted', isClaimed: false });
  return jobId;
}

/** The row as the domain sees it; times in ms from the transaction's now. */
async function readCore(tx: Transaction, jobId: string): Promise<JobCore & { target: number }> {
  const [row] = await tx<(JobCore & { target: number })[]>`
    select state, generation, attempts, tries, target::integer as target,
      round(extract(epoch from lease_until - now()) * 1000)::float8 as "leaseUntilMs",
      round(extract(epoch from run_at - now()) * 1000)::float8 as "runAtMs",
      round(extract(epoch from coalesce(queued_at, run_at) - now()) * 1000)::float8 as "queuedAtMs",
      round(extract(epoch from deadline_at - now()) * 1000)::float8 as "deadlineAtMs",
      cancel_requested_at is not null as "cancelRequested"
    from jobs where id = ${jobId}`;
  return row!;
}

const attempt = {
  provider: 'alpha',
  outcome: 'unknown',
  status: null,
  error: null,
  usage: null,
  costNano: null,
} as const;

/** Makes a move by the statements of production; true when it was made. */
async function moveRow(
  tx: Transaction,
  sql: Database,
  job: JobCore & { id: string; accountId: string; target: number },
  move: JobMove,
): Promise<boolean> {
  switch (move.kind) {
    case 'ticket':
      return (await ticketJobs(sql, targets[job.target]!.provider, 100)).length > 0;
    case 'claim': {
      const claims = [{ id: job.id, generation: move.generation }];
      return (await claimJobs(sql, claims, { id: 'wrk', leaseSeconds: move.leaseMs / 1000 }))[0] !== null;
    }
    case 'returnTicket':
      return (
        (
          await releaseTickets(sql, [
            { id: job.id, generation: move.generation, delayMs: 3000, onlyElsewhere: false },
          ])
        )[0] === true
      );
    case 'withdrawTicket':
      return (await withdrawTickets(sql, [{ id: job.id, generation: move.generation }]))[0] === true;
    case 'revokeTicket': {
      await tx`update accounts set paused = true where id = ${job.accountId}`;
      const recalled = await revokeTickets(sql, targets[job.target]!.provider);
      await tx`update accounts set paused = false where id = ${job.accountId}`;
      return recalled.length > 0;
    }
    case 'extendLease':
      return (await extendLeases(sql, [{ id: job.id, attempt: move.fence }], move.leaseMs / 1000)).length > 0;
    case 'requeue': {
      const { fence, delayMs, counts } = move;
      const way = { provider: 'alpha', targetModel: 'alpha/a', target: 0, eventSeq: null, attempt };
      return (await requeueJobs(sql, [{ jobId: job.id, fence, delayMs, counts, ...way }]))[0] === true;
    }
    case 'end': {
      const end = {
        jobId: job.id,
        accountId: job.accountId,
        provider: 'alpha',
        fence: move.fence,
        state: move.state,
      };
      const rest = { error: null, eventSeq: null, charge: null, attempt, result: null, event: null };
      // The schema refuses an end that the statement lets through; the transaction goes on from before it.
      return await tx
        .savepoint(async (inner) => {
          const ending = { ...end, ...rest, finishedAt: new Date() };
          return (await settleJobs(inner as unknown as Database, [ending], 5000))[0] === true;
        })
        .catch((error: unknown) => {
          expect(error).toMatchObject({ code: '23514', constraint: 'jobs_move_only_as_they_may' });
          return false;
        });
    }
    case 'requestCancel':
      return (await requestCancels(sql, [job.id])).length > 0;
  }
}

/** Any move, likely one that fits the job, with numbers that are right more often than not. */
function anyMove(random: Random, job: JobCore & { target: number }): JobMove {
  const leaseMs = random.pick([5000, 15_000]);
  const generation = random.chance(0.8) ? job.generation : job.generation - 1;
  const fence = random.chance(0.8) ? job.attempts : job.attempts - 1;
  const delayMs = random.pick([0, 1000, 5000]);
  const roundDelayMs = job.target + 1 < targets.length ? 0 : 3000;
  const fitting: Partial<Record<JobState, JobMove['kind'][]>> = {
    waiting: ['ticket', 'ticket', 'ticket', 'end'],
    ticketed: ['claim', 'claim', 'claim', 'claim', 'returnTicket', 'withdrawTicket', 'revokeTicket', 'end'],
    running: ['requeue', 'requeue', 'extendLease', 'extendLease', 'end'],
  };
  const every: JobMove['kind'][] = [
    'ticket',
    'claim',
    'returnTicket',
    'withdrawTicket',
    'revokeTicket',
    'extendLease',
    'requeue',
    'end',
  ];
  const kind = random.chance(0.04)
    ? 'requestCancel'
    : random.pick(random.chance(0.75) ? (fitting[job.state] ?? every) : every);
  if (kind === 'ticket' || kind === 'revokeTicket' || kind === 'requestCancel') return { kind };
  if (kind === 'claim') return { kind, generation, leaseMs };
  if (kind === 'withdrawTicket') return { kind, generation };
  if (kind === 'returnTicket') return { kind, generation, delayMs: roundDelayMs };
  if (kind === 'extendLease') return { kind, fence, leaseMs };
  if (kind === 'requeue') return { kind, fence, delayMs, counts: random.chance(0.7) };
  const state = random.pick<FinalState>(finalStates);
  return { kind, fence: random.chance(0.3) ? null : fence, state };
}

describe('a row moves as the domain says', () => {
  const seen = new Map<string, number>();

  /** Time passes by moving the row back, so that both clocks agree to the millisecond. */
  async function play(seed: number, account: string, moves: number): Promise<void> {
    const random = seededRandom(seed);
    await undone(async (tx, sql) => {
      const id = await accept(sql, account, random.pick([5000, 60_000]));
      let job = await readCore(tx, id);
      for (let step = 0; step < moves; step++) {
        if (random.chance(0.3)) {
          const passedMs = random.pick([1, 1000, 5000, 15_000]);
          await tx`update jobs set run_at = run_at - ${passedMs} * interval '1 ms',
            queued_at = queued_at - ${passedMs} * interval '1 ms',
            deadline_at = deadline_at - ${passedMs} * interval '1 ms',
            lease_until = lease_until - ${passedMs} * interval '1 ms' where id = ${id}`;
          job = {
            ...job,
            runAtMs: job.runAtMs - passedMs,
            queuedAtMs: job.queuedAtMs - passedMs,
            deadlineAtMs: job.deadlineAtMs - passedMs,
            leaseUntilMs: job.leaseUntilMs === null ? null : job.leaseUntilMs - passedMs,
          };
        }
        const move = anyMove(random, job);
        const after = moveJob(job, move, 0);
        const made = await moveRow(tx, sql, { ...job, id, accountId: account }, move);
        const [row, lost, overdue] = await Promise.all([
          readCore(tx, id),
          listOrphanedJobs(sql, { limit: 10, leaseSeconds: 30 }),
          listOverdueJobs(sql, { limit: 10 }),
        ]);
        const label = `${job.state} ${move.kind} ${after === null ? 'refused' : after.state}`;
        const { target } = row;
        const expected = { ...(after ?? job), target };
        expect({ step, label, made, row }).toEqual({ step, label, made: after !== null, row: expected });
        expect([lost.length === 1, overdue.length === 1], `step ${step}: ${label}`).toEqual([
          isOrphaned(row, 0),
          isOverdue(row, 0),
        ]);
        seen.set(label, (seen.get(label) ?? 0) + 1);
        job = row;
      }
    });
  }

  test('in 320 random sequences of moves, after every step', { timeout: 90_000 }, async () => {
    const seeds = Array.from({ length: 320 }, (_, index) => index + 1);
    await Promise.all(
      accountIds.map((account, lane) =>
        playAll(
          account,
          seeds.filter((seed) => seed % accountIds.length === lane),
        ),
      ),
    );
    // The comparison says something only if every move was both made and refused on the way.
    const kinds = [
      'ticket',
      'claim',
      'returnTicket',
      'withdrawTicket',
      'revokeTicket',
      'extendLease',
      'requeue',
      'end',
      'requestCancel',
    ];
    for (const kind of kinds) {
      const met = [...seen.keys()].filter((label) => label.split(' ')[1] === kind);
      expect(
        met.some((label) => label.endsWith('refused')) && met.some((label) => !label.endsWith('refused')),
      ).toBe(true);
    }
  });

  async function playAll(account: string, seeds: number[]): Promise<void> {
    for (const seed of seeds) {
      await play(seed, account, 18).catch((error: unknown) => {
        throw new Error(`sequence ${seed}: ${String(error)}`, { cause: error });
      });
    }
  }
});

test('the schema lets a job go from one state to another exactly where the domain does', async () => {
  const refused: string[] = [];
  await undone(async (tx, sql) => {
    for (const from of states) {
      for (const to of states) {
        await tx`alter table jobs disable trigger jobs_move_only_as_they_may`;
        const id = await accept(sql, accountId, 60_000);
        await toState(tx, id, from);
        await tx`alter table jobs enable trigger jobs_move_only_as_they_may`;
        await tx
          .savepoint((inner) => toState(inner, id, to))
          .catch((error: unknown) => {
            expect(error).toMatchObject({
              code: '23514',
              message: `job ${id} is ${from} and may not become ${to}`,
              constraint: 'jobs_move_only_as_they_may',
            });
            refused.push(`${from} ${to}`);
          });
      }
    }
  });
  const illegal = states.flatMap((from) =>
    states.filter((to) => to !== from && !legalJobMoves[from].includes(to)).map((to) => `${from} ${to}`),
  );
  expect(refused).toEqual(illegal);
});

async function toState(tx: Transaction, id: string, state: JobState): Promise<void> {
  await tx`update jobs set state = ${state},
    lease_until = case when ${state === 'running'} then now() end,
    finished_at = case when ${isFinal(state)} then now() end where id = ${id}`;
}

describe('a delivery', () => {
  async function owe(tx: Transaction): Promise<string> {
    const id = newId('dlv');
    await tx`insert into deliveries (id, account_id, event_id, event_type, url, body)
      values (${id}, ${accountId}, 'evt_1', 'job.succeeded', ${host}, '{}')`;
    return id;
  }

  async function readDelivery(tx: Transaction, id: string): Promise<DeliveryCore> {
    const [row] = await tx<DeliveryCore[]>`
      select state, tries, lease_token as "leaseToken",
        round(extract(epoch from next_attempt_at - now()) * 1000)::float8 as "dueAtMs",
        round(extract(epoch from lease_until - now()) * 1000)::float8 as "leaseUntilMs"
      from deliveries where id = ${id}`;
    return row!;
  }

  async function moveRow(tx: Transaction, sql: Database, id: string, move: DeliveryMove): Promise<boolean> {
    if (move.kind === 'claim') {
      const options = { token: move.token, leaseSeconds: move.leaseMs / 1000, limit: 10, perReceiver: 10 };
      const { deliveries } = await claimDeliveries(sql, { ...options, busy: new Map(), after: '' });
      return deliveries.length > 0;
    }
    if (move.kind === 'restart') return await restartDelivery(tx, accountId, id);
    if (move.kind === 'handBack') {
      const before = await readDelivery(tx, id);
      await releaseDelivery(sql, { id, token: move.token, attempt: 1 });
      return before.leaseToken === move.token;
    }
    const posted = { statusCode: 200, error: null, retryAfterMs: null, durationMs: 1, remoteIp: null };
    const result = { outcome: 'delivered' as const, ...posted };
    const { token, verdict } = move;
    const tried = { id, token, attempt: 1, isProbe: false, result, decision: verdict };
    const { inTime } = await recordDeliveries(sql, [tried], endpointThresholds([5]));
    return inTime[0] === true;
  }

  function anyMove(random: Random, delivery: DeliveryCore, step: number): DeliveryMove {
    const token = delivery.leaseToken !== null && random.chance(0.8) ? delivery.leaseToken : 'nobody';
    const kind = random.pick(['claim', 'claim', 'record', 'record', 'handBack', 'restart'] as const);
    if (kind === 'claim') return { kind, token: `token ${step}`, leaseMs: 5000 };
    if (kind === 'restart') return { kind };
    if (kind === 'handBack') return { kind, token };
    const kinds = ['again', 'delivered', 'exhausted'] as const;
    const verdict = random.pick(kinds);
    return {
      kind,
      token,
      verdict: verdict === 'again' ? { kind: verdict, delayMs: 1000 } : { kind: verdict },
    };
  }

  test('moves as the domain says, in 100 random sequences', { timeout: 60_000 }, async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = seededRandom(seed);
      await undone(async (tx, sql) => {
        const id = await owe(tx);
        let delivery = await readDelivery(tx, id);
        for (let step = 0; step < 15; step++) {
          if (random.chance(0.4)) {
            const passedMs = random.pick([1000, 4000, 5000]);
            await tx`update deliveries set next_attempt_at = next_attempt_at - ${passedMs} * interval '1 ms',
              lease_until = lease_until - ${passedMs} * interval '1 ms' where id = ${id}`;
            delivery = await readDelivery(tx, id);
          }
          const move = anyMove(random, delivery, step);
          const after = moveDelivery(delivery, move, 0);
          const made = await moveRow(tx, sql, id, move);
          const row = await readDelivery(tx, id);
          const label = `sequence ${seed}, step ${step}: ${delivery.state} ${move.kind}`;
          expect({ label, made, row }).toEqual({ label, made: after !== null, row: after ?? delivery });
          delivery = row;
        }
      });
    }
  });

  test('goes from one state to another exactly where the domain lets it', async () => {
    const all = Object.keys(legalDeliveryMoves) as DeliveryCore['state'][];
    const refused: string[] = [];
    const go = (tx: Transaction, id: string, state: DeliveryCore['state']) =>
      tx`update deliveries set state = ${state}, next_attempt_at = case when ${state === 'pending'}
      then now() end
        where id = ${id}`;
    await undone(async (tx) => {
      for (const from of all) {
        for (const to of all) {
          const id = await owe(tx);
          if (from !== 'pending') await go(tx, id, from);
          await tx
            .savepoint((inner) => go(inner, id, to))
            .catch((error: unknown) => {
              expect(error).toMatchObject({ constraint: 'deliveries_move_only_as_they_may' });
              refused.push(`${from} ${to}`);
            });
        }
      }
    });
    const illegal = all.flatMap((from) =>
      all.filter((to) => to !== from && !legalDeliveryMoves[from].includes(to)).map((to) => `${from} ${to}`),
    );
    expect(refused).toEqual(illegal);
  });
});
