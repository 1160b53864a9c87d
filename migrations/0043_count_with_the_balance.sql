-- The unfinished jobs of an account are counted by the statements that change its balance anyway: a trigger
-- of its own cost one more update of the same row for every group of jobs that was accepted or settled.
drop trigger if exists entries_count_unfinished_jobs on entries;
drop function if exists count_unfinished_jobs();
