-- Makes jobs of the good lines of a batch after one line and up to another, all under the hold of the batch,
-- with the deadline of the batch and the metadata of their line. They are what accept_jobs makes, but their
-- money was reserved before. Returns the providers they wait for.
create or replace function expand_batch(p_batch text, p_after integer, p_through integer)
returns table (provider text)
language sql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
  with lines as (
    select l.job_id, l.request, l.targets, l.original, l.hold_nano, b.id as batch_id, b.account_id, b.hold_id,
      b.created_at as begun_at, b.expires_at,
      i.surface, i.lane, i.model, i.provider, i.target_model, i.max_attempts, i.input_tokens_bound,
      i.tokens_bound, i.metadata
    from batches b
    join batch_lines l on l.batch_id = b.id
    cross join lateral json_populate_record(null::job_intake, l.intake) i
    where b.id = p_batch and l.line > p_after and l.line <= p_through and l.job_id is not null
  ),
  made as (
    insert into jobs (
      id, account_id, batch_id, surface, lane, model, provider, target_model, max_attempts, hold_id,
      hold_nano,
      input_tokens_bound, tokens_bound, stream, announces, metadata, expires_in_seconds, deadline_at
    )
    select l.job_id, l.account_id, l.batch_id, l.surface, l.lane, l.model, l.provider, l.target_model,
      l.max_attempts,
      l.hold_id, l.hold_nano, l.input_tokens_bound, l.tokens_bound, false, null, coalesce(l.metadata, '{}'),
      extract(epoch from l.expires_at - l.begun_at), l.expires_at
    from lines l
  ),
  noted as (
    insert into job_requests (job_id, request, targets, original)
    select l.job_id, l.request, l.targets::jsonb, l.original from lines l
  ),
  emptied as (
    update batch_lines b set intake = null, request = null, targets = null, original = null
    where b.batch_id = p_batch and b.line > p_after and b.line <= p_through
  )
  select distinct l.provider from lines l
$$;
