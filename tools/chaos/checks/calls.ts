import { attemptId } from '../../../src/shared/ids.ts';
import type { MeterCall } from '../../simulator/meter.ts';
import type { Breach, Evidence, Invariant } from '../evidence.ts';
import { groupByJob, type StoredAttempt, type StoredJob } from '../stored-facts.ts';

/** The provider's bill beside the gateway's books. */
export const callInvariants: Invariant[] = [
  { name: 'every call a provider saw is an attempt, and no attempt is two calls', check: checkMetered },
  { name: 'every billed call is accounted for by its attempt', check: checkBilled },
  { name: 'a job that succeeded is charged for what its winning call was billed', check: checkWinners },
  { name: 'attempts are counted, closed, and no more than a job may have', check: checkAttempts },
  { name: 'calls beyond one a job are explained by faults', check: checkAllCalls },
];

function checkMetered({ meter, stored }: Evidence): Breach[] {
  const seen = new Set<string>();
  return meter.flatMap(({ n, attempt_id: id, at, outcome }): Breach[] => {
    const call = `call ${n} at ${at} (${outcome})`;
    if (id === null) return [{ jobId: null, detail: `${call} has no attempt id` }];
    const attempt = stored.attempts.get(id);
    if (attempt === undefined)
      return [{ jobId: null, detail: `${call} was made for ${id}, which is no attempt` }];
    if (seen.has(id)) return [{ jobId: attempt.job_id, detail: `${call} is another call for ${id}` }];
    seen.add(id);
    return [];
  });
}

/** Outcomes under which a call may have cost something; refused calls certainly did not. */
const costly = new Set(['succeeded', 'unknown', 'failed']);

function checkBilled({ meter, stored }: Evidence): Breach[] {
  const billed = billedCalls(meter);
  const breaches = [...billed].flatMap(([id, call]): Breach[] => {
    const attempt = stored.attempts.get(id);
    if (attempt === undefined || costly.has(attempt.outcome)) return [];
    const detail = `${id} was billed ${tokensOf(call)}, and is written down as ${attempt.outcome}`;
    return [{ jobId: attempt.job_id, detail }];
  });
  for (const [id, attempt] of stored.attempts) {
    if (attempt.outcome === 'succeeded' && !billed.has(id))
      breaches.push({ jobId: attempt.job_id, detail: `${id} succeeded, and nobody billed it` });
  }
  return breaches;
}

function checkWinners({ meter, stored }: Evidence): Breach[] {
  const billed = billedCalls(meter);
  return [...stored.jobs.values()].flatMap((job): Breach[] => {
    if (job.state !== 'succeeded') return [];
    const id = attemptId(job.id, job.attempts);
    const outcome = stored.attempts.get(id)?.outcome ?? 'missing';
    if (outcome !== 'succeeded')
      return [{ jobId: job.id, detail: `its winning attempt ${id} is ${outcome}` }];
    const charge = stored.charges.get(job.id);
    if (charge === undefined) return [{ jobId: job.id, detail: 'succeeded, and was never charged' }];
    const call = billed.get(id);
    if (charge.estimated || call === undefined) return [];
    const charged = `${charge.prompt_tokens} + ${charge.completion_tokens} tokens`;
    if (charged === tokensOf(call)) return [];
    return [{ jobId: job.id, detail: `charged for ${charged}, billed ${tokensOf(call)}` }];
  });
}

/**
 * Errors of attempts that use up none of `max_attempts`: refused before anything was done, or handed back by
 * a process that closed.
 */
const uncounted = /^(throttled|unreachable|exhausted|stopped: shutdown)\b/;

function checkAttempts({ stored }: Evidence): Breach[] {
  const byJob = groupByJob([...stored.attempts.values()]);
  return [...stored.jobs.values()].flatMap((job) =>
    attemptFaults(job, byJob.get(job.id) ?? []).map((detail) => ({ jobId: job.id, detail })),
  );
}

function attemptFaults(job: StoredJob, attempts: StoredAttempt[]): string[] {
  const numbers = attempts.map(({ number }) => number).sort((a, b) => a - b);
  const counted = attempts.filter(({ error }) => !uncounted.test(error ?? '')).length;
  const open = attempts.filter(({ outcome }) => outcome === 'started').length;
  const inARow = numbers.length === job.attempts && numbers.every((number, index) => number === index + 1);
  const won = attempts.filter(({ outcome }) => outcome === 'succeeded').length;
  return [
    ...(inARow ? [] : [`it counts ${job.attempts} attempts, there are ${numbers.join(', ') || 'none'}`]),
    ...(job.is_final && open > 0 ? [`${job.state}, and ${open} of its attempts are open`] : []),
    ...(counted > job.max_attempts ? [`${counted} attempts of ${job.max_attempts}`] : []),
    ...(job.tries === counted ? [] : [`it counts ${job.tries} tries, there were ${counted}`]),
    ...(won > 1 ? [`${won} of its attempts succeeded`] : []),
  ];
}

function checkAllCalls({ meter, stored, callsAllowance }: Evidence): Breach[] {
  const extra = meter.length - stored.jobs.size;
  if (extra <= callsAllowance) return [];
  const detail = `${meter.length} calls for ${stored.jobs.size} jobs; faults explain ${callsAllowance} more`;
  return [{ jobId: null, detail }];
}

function billedCalls(meter: MeterCall[]): Map<string, MeterCall> {
  const billed = meter.filter((call) => call.billed && call.attempt_id !== null);
  return new Map(billed.map((call) => [call.attempt_id ?? '', call]));
}

function tokensOf(call: MeterCall): string {
  return `${call.prompt_tokens} + ${call.completion_tokens} tokens`;
}
