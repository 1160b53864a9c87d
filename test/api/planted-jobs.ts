import { newId } from '../../src/shared/ids.ts';
import { asJson, type Database } from '../../src/shared/platform/postgres/database.ts';

/** The note that a job answers a call, as the statement that accepts it leaves it. */
export async function noteCall(
  owner: Database,
  { jobId, accountId, fingerprint }: { jobId: string; accountId: string; fingerprint: string },
): Promise<void> {
  await owner`insert into sync_calls (job_id, account_id, fingerprint)
    values (${jobId}, ${accountId}, ${fingerprint})`;
}

/** A job that ended and was charged, written past the ledger: for reports, not for balances. */
export async function insertEndedJob(
  owner: Database,
  job: {
    accountId: string;
    model: string;
    provider: string;
    day: string;
    charge: bigint;
    team: string | null;
  },
): Promise<string> {
  const [id, holdId] = [newId('job'), newId('hold')];
  const at = new Date(`${job.day}T12:00:00Z`);
  const metadata = job.team === null ? {} : { team: job.team };
  await owner`insert into holds (id, account_id, amount_nano, remaining_nano, closed_at)
    values (${holdId}, ${job.accountId}, 1000, 0, now())`;
  await owner`insert into jobs (id, account_id, state, lane, model, provider, target_model, max_attempts,
    hold_id,
      hold_nano, input_tokens_bound, tokens_bound, metadata, deadline_at, finished_at)
    values (${id}, ${job.accountId}, 'succeeded', 1, ${job.model}, ${job.provider}, ${job.model}, 1,
      ${holdId}, 1000, 10, 20,
      ${asJson(metadata)}, now(), now())`;
  await owner`insert into charges (job_id, account_id, hold_nano, amount_nano, provider, model, prompt_tokens,
      completion_tokens, created_at)
    values (${id}, ${job.accountId}, 1000, ${job.charge}, ${job.provider}, ${job.model}, 10, 5, ${at})`;
  return id;
}
