import { isUnknown, mayExistUnseen } from '../client-record.ts';
import type { Breach, Evidence, Invariant } from '../evidence.ts';
import type { StoredJob } from '../stored-facts.ts';
import { submissionFinder } from './find-submission.ts';

const finalEventTypes = new Set(['job.succeeded', 'job.failed', 'job.cancelled', 'job.expired']);

/** Jobs and the submissions they came from. */
export const submissionInvariants: Invariant[] = [
  { name: 'every job a client saw accepted is there and ended once', check: checkAccepted },
  { name: 'no job is left unfinished', check: checkUnfinished },
  { name: 'no job is there that no client submitted, and none twice', check: checkPhantoms },
  { name: 'what became of every submission is known in the end', check: checkUnknown },
  {
    name: 'one key is one job and one answer',
    check: ({ clients }) => wrongAnswers(clients, 'idempotency'),
  },
  {
    name: 'no server error but 503 with Retry-After',
    check: ({ clients }) => wrongAnswers(clients, 'answers'),
  },
];

function checkAccepted({ clients, stored }: Evidence): Breach[] {
  const releases = new Map<string, number>();
  for (const { type, job_id } of stored.entries) {
    if (type === 'release' && job_id !== null) releases.set(job_id, (releases.get(job_id) ?? 0) + 1);
  }
  const accepted = clients.flatMap(({ accountId, submissions }) =>
    submissions.flatMap(({ jobId }) => (jobId === null ? [] : [{ accountId, jobId }])),
  );
  return accepted.flatMap(({ accountId, jobId }): Breach[] => {
    const job = stored.jobs.get(jobId);
    if (job === undefined) return [{ jobId, detail: 'accepted, and not in the database' }];
    const details = [
      ...(job.account_id === accountId ? [] : [`belongs to ${job.account_id}`]),
      ...(job.is_final ? checkEnd(stored, job, releases.get(job.id) ?? 0) : []),
    ];
    return details.map((detail) => ({ jobId, detail }));
  });
}

/** A job ends in one transaction: it releases its hold once, is charged once, and writes one final event. */
function checkEnd(stored: Evidence['stored'], { id, state }: StoredJob, releases: number): string[] {
  const events = (stored.deliveries.get(id) ?? []).filter((one) => finalEventTypes.has(one.event_type));
  const ids = new Set(events.map(({ event_id }) => event_id));
  return [
    ...(releases === 1 ? [] : [`${state}, and its hold was released ${releases} times`]),
    ...(stored.charges.has(id) ? [] : [`${state}, and no charge was written`]),
    ...(ids.size <= 1 ? [] : [`${ids.size} final events`]),
    ...events
      .filter(({ event_type }) => event_type !== `job.${state}`)
      .map(({ event_type }) => `${state}, and its final event is ${event_type}`),
  ];
}

function checkUnfinished({ stored }: Evidence): Breach[] {
  return [...stored.jobs.values()]
    .filter((job) => !job.is_final)
    .map((job) => ({ jobId: job.id, detail: `still ${job.state}` }));
}

function checkPhantoms({ clients, stored }: Evidence): Breach[] {
  const findSubmission = submissionFinder(clients);
  const lines = new Set(clients.flatMap((client) => client.lines));
  const jobOfWords = new Map<string, string>();
  return [...stored.jobs.values()].flatMap((job): Breach[] => {
    const { id, canary } = job;
    const submission = findSubmission(job);
    const words = canary ?? submission?.canary ?? '';
    if (submission === undefined && !lines.has(words)) return [{ jobId: id, detail: 'nobody submitted it' }];
    const other = jobOfWords.get(words);
    jobOfWords.set(words, id);
    if (other !== undefined) return [{ jobId: id, detail: `${words} made this job and ${other}` }];
    if (submission === undefined || submission.jobId === id) return [];
    if (submission.jobId !== null)
      return [{ jobId: id, detail: `${submission.key} was answered that its job is ${submission.jobId}` }];
    // A try without an answer may have made it, even if another try was refused.
    if (mayExistUnseen(submission)) return [];
    return [{ jobId: id, detail: `${submission.key} was refused with ${submission.refusal?.status}` }];
  });
}

function checkUnknown({ clients }: Evidence): Breach[] {
  return clients.flatMap(({ submissions }) =>
    submissions.filter(isUnknown).map(({ key, tries }) => {
      const last = tries.slice(-5).map(({ outcome }) => outcome);
      return { jobId: null, detail: `${key}: ${tries.length} tries, the last ${last.join(', ')}` };
    }),
  );
}

function wrongAnswers(clients: Evidence['clients'], promise: 'answers' | 'idempotency'): Breach[] {
  return clients.flatMap(({ wrongAnswers: all }) =>
    all.filter((one) => one.promise === promise).map(({ jobId, detail }) => ({ jobId, detail })),
  );
}
