-- Makes jobs of the good lines of a batch after one line and up to another, all under the hold of the batch,
-- with the deadline of the batch and the metadata of their line. They are what accept_jobs makes, but their
-- money was reserved before. Returns the providers they wait for.
create or replace function expand_batch(p_batch text, p_after integer, p_through integer)
returns table (provider text)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  made jobs[];
begin
  made := array(
    -- What the line says, and over it what the batch says for all of its jobs.
    select jsonb_populate_record(
      json_populate_record(null::jobs, l.intake),
      jsonb_build_object(
        'id', l.job_id, 'account_id', b.account_id, 'batch_id', b.id, 'hold_id', b.hold_id,
        'hold_nano', l.hold_nano, 'deadline_at', b.expires_at,
        'expires_in_seconds', extract(epoch from b.expires_at - b.created_at)
      )
    )
    from batches b
    join batch_lines l on l.batch_id = b.id
    where b.id = p_batch and l.line > p_after and l.line <= p_through and l.job_id is not null
    order by l.line
  );
  perform insert_jobs(made);

  insert into job_requests (job_id, request, targets, original)
  select l.job_id, l.request, l.targets::jsonb, l.original
  from batch_lines l
  where l.batch_id = p_batch and l.line > p_after and l.line <= p_through and l.job_id is not null;

  update batch_lines l set intake = null, request = null, targets = null, original = null
  where l.batch_id = p_batch and l.line > p_after and l.line <= p_through;

  return query select distinct j.provider from unnest(made) j;
end $$;
