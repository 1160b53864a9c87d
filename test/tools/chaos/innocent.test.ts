import { afterAll, beforeAll, expect, it } from 'vitest';
import { innocentInvariants, measureInnocents } from '../../../tools/chaos/checks/innocents.ts';
import { createChaosClient } from '../../../tools/chaos/client.ts';
import type { Breach, Evidence } from '../../../tools/chaos/evidence.ts';
import { type Innocent, type InnocentFacts, startInnocent } from '../../../tools/chaos/innocent.ts';
import { createOutages, type Outages } from '../../../tools/chaos/outages.ts';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { waitFor } from '../../support/wait-for.ts';

let gateway: Gateway;
let innocent: Innocent;
let outages: Outages;
beforeAll(async () => {
  gateway = await startGateway({ roles: ['all'] });
  const { key } = await gateway.openAccount('innocent', '10');
  outages = createOutages();
  const urls = () => [gateway.url];
  const options = { urls, key, accountId: 'innocent', random: Math.random, webhookUrl: null };
  innocent = await startInnocent({ client: createChaosClient(options), outages, sql: gateway.sql });
});
afterAll(() => gateway?.close());

const validator = async (facts: InnocentFacts): Promise<Breach[]> => {
  const [invariant] = innocentInvariants;
  return (await invariant?.check({ innocent: facts } as Evidence)) ?? [];
};

/**
 * Holds the tenant's balance, which its intake needs, until one of its requests has waited for longer than a
 * job may.
 */
async function holdUp(): Promise<void> {
  const limitMs = 3 * innocent.lone.p95Ms + 1000;
  await innocent.during('held up', async () => {
    await gateway.sql.begin(async (tx) => {
      await tx`select 1 from balances where account_id = 'innocent' for update`;
      const heldFromMs = Date.now();
      await waitFor('a request that waits too long', () =>
        innocent.record().submissions.some(({ tries }) => {
          const [first] = tries;
          return first === undefined && Date.now() - heldFromMs > limitMs + 1000;
        }),
      );
    });
  });
}

it('finds nothing where nobody is held up, and says how long the worst waited', async () => {
  expect(innocent.lone.jobs).toBeGreaterThan(20);
  const facts = { ...(await innocent.takeFacts()), submissions: [submitted(0), submitted(5)] };
  expect(await validator(facts)).toEqual([]);
  expect(measureInnocents(facts)).toMatchObject({ jobs: 2, undisturbed: 2, countedMs: 5 });
});

it('names each job of a tenant that is held up, unless something was unavailable for everybody', async () => {
  await holdUp();
  const facts = await innocent.takeFacts();
  const breaches = await validator(facts);
  expect(breaches.length).toBeGreaterThan(0);
  expect(breaches[0]?.detail).toMatch(/^held up: it started after \d+ ms/);

  const isBack = outages.begin('server');
  await holdUp();
  isBack();
  expect(await validator(await innocent.takeFacts())).toEqual([]);
});

it('counts the time of a job from when those have started that its tenant submitted in an outage before it', async () => {
  let nowMs = 1000;
  const outages = createOutages(() => nowMs);
  const isBack = outages.begin('server');
  nowMs = 60_000;
  isBack();
  const { lone } = innocent;
  const backMs = 61_500;
  const piled = { scene: 'silence', jobId: 'job_piled', askedMs: 2000, startedMs: backMs + 20_000 };
  const behind = {
    scene: 'silence',
    jobId: 'job_behind',
    askedMs: backMs + 100,
    startedMs: piled.startedMs + 50,
  };
  const heldUp = { ...behind, jobId: 'job_held_up', startedMs: piled.startedMs + 60_000 };
  expect(await validator({ submissions: [piled, behind], outages: outages, lone })).toEqual([]);
  expect(
    (await validator({ submissions: [piled, heldUp], outages: outages, lone })).map(({ jobId }) => jobId),
  ).toEqual(['job_held_up']);
});

function submitted(waitedMs: number): InnocentFacts['submissions'][number] {
  return { scene: 'alone', jobId: 'job_1', askedMs: 1000, startedMs: 1000 + waitedMs };
}
