-- Claims jobs for one worker: each must still be ticketed under the generation its ticket was made for, not
-- cancelled and before its deadline. The attempt is counted and its row written before any call is made. A
-- job that is not returned is not to be run.
create or replace function claim_jobs(p_ids text[], p_generations integer[], p_worker text,
  p_lease_seconds double precision)
returns table (
  id text, account_id text, batch_id text, attempt integer, tries integer, max_attempts integer,
  target integer,
  hold_nano bigint, input_tokens_bound integer, stream boolean, announces text, webhook_url text,
  webhook_payload text, metadata jsonb,
  created_at timestamptz, started_at timestamptz, deadline_at timestamptz, event_seq integer, lane integer,
  model text, request text, targets jsonb
)
language sql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
  with wanted as (
    select j.id
    from unnest(p_ids, p_generations) as t (id, generation)
    join jobs j on j.id = t.id
    where j.state is not distinct from 'ticketed' and j.generation = t.generation
      and j.cancel_requested_at is null and j.deadline_at > now()
    order by j.id
    for no key update of j
  ),
  claimed as (
    update jobs j
    set state = 'running', attempts = j.attempts + 1, tries = j.tries + 1, worker_id = p_worker,
      lease_until = now() + make_interval(secs => p_lease_seconds), started_at = coalesce(j.started_at, now())
    from wanted w
    where j.id = w.id and j.state is not distinct from 'ticketed'
    returning j.*
  ),
  noted as (
    insert into attempts (job_id, number, provider, model, worker_id)
    select c.id, c.attempts, c.provider, c.target_model, p_worker
    from claimed c
    returning job_id
  )
  select c.id, c.account_id, c.batch_id, c.attempts, c.tries, c.max_attempts, c.target::integer, c.hold_nano,
    c.input_tokens_bound, c.stream, c.announces, c.webhook_url, c.webhook_payload, c.metadata, c.created_at,
    c.started_at, c.deadline_at, c.event_seq, c.lane::integer, c.model, r.request, r.targets
  from claimed c join job_requests r on r.job_id = c.id join noted n on n.job_id = c.id
$$;
