import type { Invariant } from './evidence.ts';

export const streamInvariants: Invariant[] = [
  {
    name: 'every reader sees the end of its job, and the right one',
    broken: ({ watched, jobs }) =>
      watched.flatMap(({ jobId, finalType, lastId }) => {
        const job = jobs.get(jobId);
        if (finalType !== `job.${job?.state}`)
          return [{ jobId, detail: `saw ${finalType}, it is ${job?.state}` }];
        return lastId === job?.event_seq
          ? []
          : [{ jobId, detail: `the final event was ${lastId}, the job says ${job?.event_seq}` }];
      }),
  },
  {
    name: 'no event is missing, repeated or out of place',
    broken: ({ watched }) =>
      watched.flatMap(({ jobId, faults }) => faults.map((detail) => ({ jobId, detail }))),
  },
  {
    name: 'the text a reader put together is the result',
    broken: ({ watched, results }) =>
      watched.flatMap(({ jobId, finalType, text }) => {
        const result = results.get(jobId);
        if (finalType !== 'job.succeeded' || result === undefined) return [];
        const { choices } = JSON.parse(result) as { choices: { message: { content: string | null } }[] };
        const whole = choices[0]?.message.content ?? '';
        return whole === text
          ? []
          : [{ jobId, detail: `read ${JSON.stringify(text)}, stored ${JSON.stringify(whole)}` }];
      }),
  },
];
