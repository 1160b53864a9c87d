-- The request of a job that never ran is erased when the job ends, in the same transaction: it was never
-- charged, and an account without money could store any number of such texts. A request as small as the rows
-- that stay anyway is kept, so that the job can be submitted again. A response is still shown: only its texts
-- are taken out of its request, where the rest is small.
create or replace function erase_unrun_job() returns trigger
language plpgsql
set enable_seqscan = off
as $$
declare
  small constant integer := 4096;
  asked_bytes integer;
  shown text;
begin
  select octet_length(q.request) + coalesce(octet_length(q.original), 0), q.original into asked_bytes, shown
  from job_requests q where q.job_id = new.id;
  if asked_bytes is null or asked_bytes <= small then
    return null;
  end if;
  if shown is not null then
    begin
      shown := ((shown::jsonb - 'instructions' - 'tools') || '{"input": []}')::text;
    exception when data_exception or program_limit_exceeded then
      shown := null;
    end;
  end if;
  if octet_length(shown) <= small then
    update job_requests q set request = '', original = shown where q.job_id = new.id;
  else
    delete from job_requests q where q.job_id = new.id;
  end if;
  return null;
end $$;

create or replace trigger unrun_jobs_are_erased after update of state on jobs
  for each row
  when (new.attempts = 0 and new.state in ('cancelled', 'expired', 'failed') and old.state <> new.state)
  execute function erase_unrun_job();
