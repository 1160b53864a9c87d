-- What is erased says so, so that retention reads an index of what is still kept, and not all that ever
-- ended.
alter table jobs add column content_erased_at timestamptz;
-- Serves: erasing the texts of jobs that ended long ago, the oldest first.
create index jobs_with_content on jobs (finished_at) where finished_at is not null
  and content_erased_at is null;

alter table batches add column lines_erased_at timestamptz;
-- Serves: erasing the lines of batches that ended long ago, the oldest first.
create index batches_with_lines on batches (finished_at) where finished_at is not null
  and lines_erased_at is null;
