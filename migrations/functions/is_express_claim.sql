-- Whether a job runs its first attempt, claimed by this worker in the statement that accepted it. One that
-- was ever ticketed waited in line, and whoever has its ticket runs it, perhaps the same worker.
create or replace function is_express_claim(p_job_id text, p_worker text)
returns boolean
language sql
stable
as $$
  select exists (
    select from jobs j
    where j.id = p_job_id and j.state is not distinct from 'running' and j.worker_id = p_worker
      and j.attempts = 1 and j.ticketed_at is null
  )
$$;
