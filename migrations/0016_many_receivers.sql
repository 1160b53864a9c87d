-- Serves: the receivers of what has been due longest, and of what has just become due.
create index deliveries_due on deliveries (next_attempt_at) include (receiver) where state = 'pending';
