-- Revokes tickets that workers have in hand while their provider is paused: the jobs wait again where they
-- were, for the same target, under a new generation.
create or replace function withdraw_tickets(p_ids text[], p_generations integer[])
returns table (id text)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
    with mine as (
      select j.id
      from unnest(p_ids, p_generations) as t (id, generation)
      join jobs j on j.id = t.id
      where j.state is not distinct from 'ticketed' and j.generation = t.generation
      order by j.id
      for no key update of j
    )
    update jobs j
    set state = 'waiting', generation = j.generation + 1, ticketed_at = null
    from mine m
    where j.id = m.id and j.state is not distinct from 'ticketed'
    returning j.id;
end $$;
