-- A file as clients upload and download it. Its bytes are in chunks, so that neither side ever holds it
-- whole; only a processed file is there for its account, and the requests and results of a message batch
-- never are. One that stays in the making is removed when it expires.
create table files (
  id text primary key,
  account_id text not null references accounts (id),
  purpose text not null,
  filename text not null,
  bytes bigint not null default 0,
  state text not null default 'uploading',
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint file_purpose_is_known check (purpose in ('batch', 'batch_output', 'message_batch')),
  constraint file_state_is_known check (state in ('uploading', 'processed'))
);
-- Serves: lists of one account.
create index files_of_account on files (account_id, id) where state = 'processed'
  and purpose <> 'message_batch';
-- Serves: the removal of files past their time.
create index files_by_expiry on files (expires_at);
-- Serves: the removal of files past the retention of content.
create index files_by_age on files (created_at);

-- Where a chunk starts says which bytes it holds, so that reading can begin anywhere.
create table file_chunks (
  file_id text not null references files (id) on delete cascade,
  starts_at bigint not null,
  bytes bytea not null,
  primary key (file_id, starts_at),
  constraint a_chunk_is_at_most_a_mebibyte check (octet_length(bytes) between 1 and 1048576)
);
-- Not compressed: then a part of a chunk is read without the rest of it.
alter table file_chunks alter column bytes set storage external;

-- A batch is jobs accepted together, from lines, under one hold for their sum. It is moved by whichever
-- worker holds its lease; every write of that worker names the token it was leased with, so that a late one
-- changes nothing.
create table batches (
  id text primary key,
  account_id text not null references accounts (id),
  -- Whose shape it has.
  kind text not null,
  state text not null default 'validating',
  endpoint text not null,
  input_file_id text not null,
  output_file_id text,
  error_file_id text,
  -- How many lines it was given with; null where only reading the file tells.
  asked integer,
  -- What makes two creations the same, for a client whose connection broke and who asks again.
  fingerprint text not null,
  -- The batch whose unsuccessful lines these are; the other lines of the file are passed over.
  retry_of text,
  webhook_url text,
  metadata jsonb,
  output_expires_seconds integer,
  errors jsonb,
  hold_id text references holds (id),
  -- How far the input has been read: bytes, and lines of the file. What lies behind is in batch_lines.
  read_bytes bigint not null default 0,
  read_lines integer not null default 0,
  -- Sum of what the lines read so far will hold.
  quoted_nano bigint not null default 0,
  -- Jobs have been made of all lines up to this one; none will be made of those the batch gave up.
  expanded_through integer not null default 0,
  -- Files have been written of all lines up to this one.
  assembled_through integer not null default 0,
  last_line integer not null default 0,
  total integer not null default 0,
  completed integer not null default 0,
  failed integer not null default 0,
  cancelled integer not null default 0,
  expired integer not null default 0,
  charge_nano bigint not null default 0,
  prompt_tokens bigint not null default 0,
  cached_tokens bigint not null default 0,
  completion_tokens bigint not null default 0,
  reasoning_tokens bigint not null default 0,
  lease_token text,
  lease_until timestamptz,
  look_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  in_progress_at timestamptz,
  cancelling_at timestamptz,
  finalizing_at timestamptz,
  finished_at timestamptz,
  deleted_at timestamptz,
  constraint batch_kind_is_known check (kind in ('openai', 'anthropic')),
  constraint only_final_batches_are_deleted check (deleted_at is null or finished_at is not null),
  constraint batch_state_is_known check (
    state in ('validating', 'in_progress', 'finalizing', 'completed', 'failed', 'expired', 'cancelling',
    'cancelled')
  ),
  constraint final_batches_say_when check (
    (state in ('completed', 'failed', 'expired', 'cancelled')) = (finished_at is not null)
  ),
  constraint no_line_ends_twice check (completed + failed + cancelled + expired <= total),
  constraint files_follow_jobs check (assembled_through <= expanded_through
  and expanded_through <= last_line),
  constraint a_batch_lease_has_a_token check ((lease_token is null) = (lease_until is null))
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
-- Serves: lists of one account, newest first.
create index batches_of_account on batches (account_id, id desc);
-- Serves: the newest creation that was the same.
create index batches_by_request on batches (account_id, fingerprint, created_at desc);
-- Serves: the workers, which look for a batch that can be moved.
create index batches_open on batches (look_at) where finished_at is null;
-- Serves: the removal of files, which spares those still being read.
create index batches_reading on batches (input_file_id) where state = 'validating';
-- Serves: the ledger check.
create index batches_by_hold on batches (hold_id) where hold_id is not null;
-- Serves: the erasing of lines whose batch ended long ago.
create index batches_by_end on batches (finished_at) where finished_at is not null;

-- One line of a batch's input, by its number there. A good line has the id its job will have, and until that
-- job is made also what it is made of; a refused one says why.
create table batch_lines (
  batch_id text not null references batches (id),
  line integer not null,
  custom_id text not null,
  job_id text,
  hold_nano bigint not null default 0,
  refusal jsonb,
  intake json,
  request text,
  targets text,
  original text,
  primary key (batch_id, line),
  constraint custom_ids_of_a_batch_differ unique (batch_id, custom_id),
  constraint a_line_is_a_job_or_refused check ((job_id is null) = (refusal is not null)),
  constraint a_refused_line_holds_nothing check (hold_nano >= 0 and (refusal is null or hold_nano = 0))
);
