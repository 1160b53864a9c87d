-- Serves: the pick and the recall, which have to know whom they concern.
create index accounts_held_back on accounts (id) where paused or max_concurrency is not null;
