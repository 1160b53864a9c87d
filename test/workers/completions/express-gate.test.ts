import { expect, test } from 'vitest';
import type { Admission, GatePass, GateReport } from '../../../src/shared/queue/gate.ts';
import { createExpressGate } from '../../../src/workers/completions/express-gate.ts';
import type { RunJobDeps } from '../../../src/workers/completions/run-job.ts';

const call = { jobId: 'job_1', provider: 'openai', model: 'openai/a', tokens: 2 };

function openGate(admit: () => Promise<Admission>) {
  const asked: GatePass[] = [];
  const reports: string[] = [];
  const gate = {
    admit: (pass: GatePass) => {
      asked.push(pass);
      return admit();
    },
    report: async ({ slot }: GatePass, { kind }: GateReport) => void reports.push(`${slot} ${kind}`),
  } as unknown as RunJobDeps['gate'];
  return {
    takePass: createExpressGate({ gate, isPaused: () => false, answersWait: () => false }),
    asked,
    reports,
  };
}

test('a call that may pass has a slot of its own name, behind all tickets', async () => {
  const { takePass } = openGate(async () => ({ admitted: true }));
  const pass = await takePass(call);
  expect(pass).toMatchObject({ provider: 'openai', model: 'openai/a', tokens: 2, slot: 'job_1_express' });
  // BullMQ's lowest priority, which a ticket may have.
  expect(pass?.rank).toBeGreaterThan(2 ** 21);
});

test('one that may not pass now queues', async () => {
  const { takePass, reports } = openGate(async () => ({ admitted: false, waitMs: 5, reason: 'limit' }));
  expect(await takePass(call)).toBeNull();
  expect(reports).toEqual([]);
});

test.each<[string, () => Promise<Admission>]>([
  ['fails', () => Promise.reject(new Error('redis is away'))],
  ['is silent', () => new Promise(() => undefined)],
])(
  'a gate that %s is given back what it may have given, and left alone for a moment',
  async (_how, admit) => {
    const { takePass, asked, reports } = openGate(admit);
    expect(await takePass(call)).toBeNull();
    expect(reports).toEqual(['job_1_express unused']);
    expect(await takePass(call)).toBeNull();
    expect(asked).toHaveLength(1);
  },
);
