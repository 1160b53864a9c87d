import { attemptId } from '../../../shared/domain/ids.ts';
import type { Invariant } from './evidence.ts';

export const callInvariants: Invariant[] = [
  {
    name: 'every call a provider saw was written down before it was made',
    broken: ({ meter, attempts }) =>
      meter
        .filter(({ attempt_id }) => attempt_id === null || !attempts.has(attempt_id))
        .map(({ attempt_id }) => ({ jobId: null, detail: `metered, and no attempt: ${attempt_id}` })),
  },
  {
    name: 'no attempt of a final job is left open',
    broken: ({ attempts, jobs }) =>
      [...attempts.values()]
        .filter(({ job_id, outcome }) => outcome === 'started' && jobs.get(job_id)?.state !== 'running')
        .map(({ job_id, number }) => ({ jobId: job_id, detail: `attempt ${number} was never closed` })),
  },
  {
    name: 'attempts are numbered without a gap, and as many as the job says',
    broken: ({ attempts, jobs }) => {
      const counts = new Map<string, number>();
      for (const { job_id } of attempts.values()) counts.set(job_id, (counts.get(job_id) ?? 0) + 1);
      return [...jobs.values()]
        .filter(({ id, attempts: made }) => (counts.get(id) ?? 0) !== made)
        .map(({ id, attempts: made }) => ({
          jobId: id,
          detail: `${counts.get(id) ?? 0} rows, ${made} counted`,
        }));
    },
  },
  {
    name: 'what a succeeded job is charged for is what its newest attempt was billed',
    broken: ({ jobs, meter }) => {
      const billed = new Map(meter.filter((call) => call.billed).map((call) => [call.attempt_id, call]));
      return [...jobs.values()].flatMap((job) => {
        if (job.state !== 'succeeded' || job.estimated === true) return [];
        const call = billed.get(attemptId(job.id, job.attempts));
        if (call === undefined) return [{ jobId: job.id, detail: 'charged for a call nobody billed' }];
        const same =
          BigInt(call.prompt_tokens) === job.prompt_tokens &&
          BigInt(call.completion_tokens) === job.completion_tokens;
        const detail = `charged ${job.prompt_tokens} + ${job.completion_tokens} tokens, billed ${call.prompt_tokens} + ${call.completion_tokens}`;
        return same ? [] : [{ jobId: job.id, detail }];
      });
    },
  },
  {
    name: 'no provider is called twice for one attempt',
    broken: ({ meter }) => {
      const seen = new Set<string | null>();
      return meter.flatMap(({ attempt_id }) => {
        if (!seen.has(attempt_id)) {
          seen.add(attempt_id);
          return [];
        }
        return [{ jobId: null, detail: `called again for ${attempt_id}` }];
      });
    },
  },
  {
    name: 'no job is tried more often than it may be',
    broken: ({ jobs }) =>
      [...jobs.values()]
        .filter(({ tries, max_attempts }) => tries > max_attempts)
        .map(({ id, tries, max_attempts }) => ({ jobId: id, detail: `${tries} tries of ${max_attempts}` })),
  },
  {
    name: 'calls beyond one a job are explained by faults',
    broken: ({ attempts, jobs, callsAllowance }) => {
      const extra = attempts.size - jobs.size;
      return extra <= callsAllowance
        ? []
        : [{ jobId: null, detail: `${extra} calls beyond one a job, ${callsAllowance} faults` }];
    },
  },
];
