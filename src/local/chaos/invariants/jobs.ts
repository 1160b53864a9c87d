import type { Invariant } from './evidence.ts';

const finalStates = new Set(['succeeded', 'failed', 'cancelled', 'expired']);

export const jobInvariants: Invariant[] = [
  {
    name: 'every job a client saw accepted is there and final',
    broken: ({ client, jobs }) =>
      client.history().flatMap(({ jobId }) => {
        if (jobId === null) return [];
        const job = jobs.get(jobId);
        if (job === undefined) return [{ jobId, detail: 'accepted, and not in the database' }];
        return finalStates.has(job.state) ? [] : [{ jobId, detail: `still ${job.state}` }];
      }),
  },
  {
    name: 'after everything is healed, it is known what became of every order',
    broken: ({ client }) =>
      client
        .history()
        .filter(({ jobId, refused }) => jobId === null && refused === null)
        .map(({ key, tries }) => ({
          jobId: null,
          detail: `order ${key}: ${tries
            .slice(-5)
            .map(({ outcome }) => outcome)
            .join(', ')}`,
        })),
  },
  {
    name: 'no job is there that nobody ordered',
    broken: ({ client, jobs }) => {
      const ordered = new Set(client.history().map(({ jobId }) => jobId));
      return [...jobs.keys()]
        .filter((id) => !ordered.has(id))
        .map((jobId) => ({ jobId, detail: 'not ordered' }));
    },
  },
  {
    name: 'one key is one job, and its answer is the same, byte for byte',
    broken: ({ client }) =>
      client
        .history()
        .filter(({ acceptances }) => acceptances.size > 1)
        .map(({ jobId, acceptances }) => ({ jobId, detail: [...acceptances].join(' and ') })),
  },
  {
    name: 'an order that is well-formed and paid for is not refused',
    broken: ({ client }) =>
      client
        .history()
        .filter(({ refused }) => refused !== null)
        .map(({ key, refused }) => ({ jobId: null, detail: `order ${key} was refused with ${refused}` })),
  },
  {
    name: 'the server answers nothing but what the contract has',
    broken: ({ client }) => client.wrongAnswers().map((detail) => ({ jobId: null, detail })),
  },
];
