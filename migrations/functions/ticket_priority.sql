-- The priority of a ticket: bands go one after the other, and inside a band the order is by fair rank. The
-- first is 1; BullMQ takes 2,097,151 at most.
create or replace function ticket_priority(p_band integer, p_fair_rank integer) returns integer
language sql immutable
as $$
  select 1 + p_band * 500000 + least(p_fair_rank, 499999)
$$;
