-- What has a ticket or runs is bounded by the fair windows, and has an index of its own (jobs_in_flight):
-- whoever looks there for leases that ended, or for tickets that were lost, reads a few hundred rows. The two
-- indexes that knew this by time were written with every ticket and every claim, and each extension of a
-- lease had to be written to every index of its job: without them it is written to none.
drop index jobs_leased;
drop index jobs_ticketed;

-- Only the check of the books looks for open holds, and reads whole tables anyway. Without this index the end
-- of a hold is written to none.
drop index holds_open;

-- An attempt more than doubles when it is closed: with room for that in its page, its indexes stay as they
-- are. The end of a hold finds room that earlier ends have left.
alter table attempts set (fillfactor = 45);
alter table holds set (fillfactor = 60);
