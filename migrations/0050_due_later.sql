-- Serves: when the next of a provider's jobs is due that wait for a time, so that a dispatcher that has
-- nothing to do sleeps until then. A job that was due when it was accepted, and never requeued, is not in it.
create index jobs_due_later on jobs (provider, run_at) where state = 'waiting' and run_at > created_at;
